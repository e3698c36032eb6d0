import type { CameraEvent, CameraSummary } from "./cameraEvents";

/** Shows a camera's run on a terminal or in a log. */
export interface Progress {
  show(event: CameraEvent): void;
  /** A line of its own. */
  note(line: string): void;
}

/** On a terminal, acknowledgements overwrite one status line; elsewhere, each persisted fragment is a line. */
export function makeProgress(out: { isTTY?: boolean; write(text: string): unknown }): Progress {
  let persisted = 0;
  let hasStatus = false;

  function note(line: string): void {
    out.write(`${hasStatus ? "\r\x1b[K" : ""}${line}\n`);
    hasStatus = false;
  }

  function status(line: string): void {
    out.write(`\r\x1b[K${line}`);
    hasStatus = true;
  }

  function show(event: CameraEvent): void {
    if (event.kind === "connected") note(`connected to ${event.endpoint}`);
    if (event.kind === "reconnecting") {
      const { reason, delayMs, heldFragments } = event;
      note(
        `reconnecting in ${seconds(delayMs)}, ${count(heldFragments, "fragment")} not persisted: ${reason}`,
      );
    }
    if (event.kind === "skipped") {
      note(`skipped ${time(event.producerTimestampMs)} (${seconds(event.durationMs)}): ${event.reason}`);
    }
    if (event.kind === "persisted") {
      persisted += 1;
      const { producerTimestampMs, durationMs, sizeBytes, fragmentNumber, timesSent } = event;
      const again = timesSent > 1 ? `, sent ${timesSent} times` : "";
      const size = `${seconds(durationMs)}, ${kilobytes(sizeBytes)}${again}`;
      if (!out.isTTY) note(`persisted ${time(producerTimestampMs)} (${size}) ${fragmentNumber}`);
    }
    if (event.kind === "ack" && out.isTTY) {
      const { eventType, fragmentNumber = "" } = event.ack;
      status(`${count(persisted, "fragment")} persisted | ${eventType} ${fragmentNumber}`);
    }
  }

  return { show, note };
}

/** The end of a run in one line. */
export function summaryLine(summary: CameraSummary): string {
  const parts = [
    `${count(summary.persistedFragments, "fragment")} persisted (${seconds(summary.persistedMs)}, ${kilobytes(summary.persistedBytes)})`,
    `${summary.resentFragments} of them sent more than once`,
    `${summary.skippedFragments} skipped`,
    `${summary.unconfirmedFragments} not confirmed`,
    count(summary.connections, "connection"),
  ];
  return parts.join(", ");
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

function time(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

function kilobytes(sizeBytes: number): string {
  return `${Math.round(sizeBytes / 1000)} kB`;
}
