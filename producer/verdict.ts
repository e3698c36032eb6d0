import { type AckErrorRule, ackErrorRule } from "./ackErrors";
import type { Ack } from "./acks";
import type { Backlog, HeldFragment } from "./backlog";
import type { CameraEvent } from "./cameraEvents";

/** Why a connection is over: an error acknowledgement, after which the service reads nothing more. */
export interface AckFailure extends Error {
  remedy: AckErrorRule["remedy"];
}

/** A fragment that the service keeps calling out of order is given up; other refusals may be the service's trouble. */
const MAX_ORDER_REFUSALS = 3;

/**
 * Does to the backlog what an acknowledgement says: a persisted fragment leaves it, an impossible one too, and any
 * other stays until it is sent again.
 * @returns the failure when the acknowledgement ends the connection
 */
export function applyAck(
  ack: Ack,
  backlog: Backlog,
  onEvent: (event: CameraEvent) => void,
): AckFailure | undefined {
  if (ack.eventType === "PERSISTED") confirm(ack, backlog, onEvent);
  if (ack.eventType !== "ERROR" || ack.errorId === undefined) return undefined;

  const rule = ackErrorRule(ack.errorId);
  const held = backlog.inFlight(ack.fragmentTimecodeMs);
  const reason = `The service answered ${rule.name} (${ack.errorId})`;
  if (held) {
    held.timesRefused += 1;
    const isHopeless =
      rule.name === "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS" && held.timesRefused >= MAX_ORDER_REFUSALS;
    if (rule.remedy === "skip" || isHopeless) {
      backlog.remove(held);
      onEvent(skipped(held, `${reason}, and would again.`));
    }
  }
  return Object.assign(new Error(`${reason}.`), { remedy: rule.remedy });
}

/** Tells that a fragment is given up. */
export function skipped({ fragment, producerTimestampMs }: HeldFragment, reason: string): CameraEvent {
  const { durationMs, sizeBytes } = fragment;
  return { kind: "skipped", producerTimestampMs, durationMs, sizeBytes, reason };
}

function confirm(ack: Ack, backlog: Backlog, onEvent: (event: CameraEvent) => void): void {
  const held = ack.fragmentTimecodeMs === undefined ? undefined : backlog.inFlight(ack.fragmentTimecodeMs);
  if (!held) return;
  backlog.remove(held);
  onEvent({
    kind: "persisted",
    fragmentNumber: ack.fragmentNumber ?? "",
    producerTimestampMs: held.producerTimestampMs,
    durationMs: held.fragment.durationMs,
    sizeBytes: held.fragment.sizeBytes,
    timesSent: held.timesSent,
  });
}
