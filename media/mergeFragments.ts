import type { MatroskaEvent } from "./matroska";

export function mkvHeader(_tracksElement: Uint8Array, _timecodeScaleNs: number): Uint8Array {
  throw new Error("not written yet");
}

export function mkvCluster(_fragment: MatroskaEvent[], _timecodeTicks: number): Uint8Array {
  throw new Error("not written yet");
}
