import type { Ack } from "./acks";

/** What a camera tells while it runs. */
export type CameraEvent =
  /** The service takes media. */
  | { kind: "connected"; endpoint: string }
  /** Every acknowledgement, as it came. */
  | { kind: "ack"; ack: Ack }
  /** The service has stored a fragment; the camera no longer holds it. */
  | {
      kind: "persisted";
      fragmentNumber: string;
      producerTimestampMs: number;
      durationMs: number;
      /** Bytes of its frames. */
      sizeBytes: number;
      /** Connections it took. */
      timesSent: number;
    }
  /** A fragment will never be sent (again): its footage is lost to the stream. */
  | {
      kind: "skipped";
      producerTimestampMs: number;
      durationMs: number;
      sizeBytes: number;
      reason: string;
    }
  /** The connection is over. After `delayMs` the camera connects anew and sends what is not persisted. */
  | { kind: "reconnecting"; reason: string; delayMs: number; heldFragments: number };

/** How a camera's run went. */
export interface CameraSummary {
  persistedFragments: number;
  persistedMs: number;
  persistedBytes: number;
  /** Persisted fragments that took more than one connection. */
  resentFragments: number;
  skippedFragments: number;
  /** Fragments that were not persisted when the camera was switched off. */
  unconfirmedFragments: number;
  connections: number;
}
