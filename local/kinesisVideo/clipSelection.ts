import { type FragmentSelector, selects } from "./fragmentSelector";
import type { FragmentRecord } from "./fragmentStore";

/** Where GetClip cuts a clip, without a word (quota page, "GetClip"). */
export const CLIP_LIMITS = { fragments: 200, sizeBytes: 100_000_000 } as const;

/**
 * The fragments of a clip in the order of their producer timestamps.
 *
 * Where fragments cover the same producer time (a camera that sent again what it had sent, or whose clock was set back),
 * the one that was ingested first is taken and the others are left out. Of what remains, the first 200 fragments or
 * 100 MB are the clip.
 * @param fragments in the order of ingestion
 */
export function selectClip(
  fragments: readonly FragmentRecord[],
  selector: FragmentSelector,
): FragmentRecord[] {
  const taken: FragmentRecord[] = [];
  for (const fragment of fragments) {
    if (!selects(selector, fragment)) continue;
    const at = firstAfter(taken, fragment.producerTimestampMs);
    const before = taken[at - 1];
    const after = taken[at];
    if (before && lastFrameAt(before) >= fragment.producerTimestampMs) continue;
    if (after && lastFrameAt(fragment) >= after.producerTimestampMs) continue;
    taken.splice(at, 0, fragment);
  }

  let sizeBytes = 0;
  const cut = taken.findIndex((fragment, at) => {
    sizeBytes += fragment.sizeBytes;
    return at === CLIP_LIMITS.fragments || sizeBytes > CLIP_LIMITS.sizeBytes;
  });
  return cut === -1 ? taken : taken.slice(0, cut);
}

function lastFrameAt({ producerTimestampMs, lastFrameMs }: FragmentRecord): number {
  return producerTimestampMs + lastFrameMs;
}

/** Where in fragments sorted by producer timestamp the first one after `timestampMs` is. */
function firstAfter(sorted: FragmentRecord[], timestampMs: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as FragmentRecord).producerTimestampMs > timestampMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
