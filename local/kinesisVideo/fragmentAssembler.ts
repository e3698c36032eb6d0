import type { MatroskaError, MatroskaEvent } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import type { AckErrorCode } from "./acknowledgement";
import { isRefusal, type Refusal, refusal } from "./fragmentLimits";
import { type AssembledFragment, checkFragmentSize, type OpenFragment, openFragment } from "./openFragment";
import { makeHeaderCollector, oneTooMany, type StreamHeader } from "./streamHeader";

/** Ends a fragment that no other one follows for now: the C producer waits until that one is PERSISTED. */
const END_OF_FRAGMENT = "AWS_KINESISVIDEO_END_OF_FRAGMENT";

/** What bytes of a PutMedia body amount to. After `refused` nothing more comes. */
export type Assembled =
  | { kind: "begun"; timecodeMs: number }
  | { kind: "complete"; fragment: AssembledFragment }
  | { kind: "refused"; errorCode: AckErrorCode; message: string };

/** Cuts the body of a PutMedia request into fragments and holds it to the service's rules. */
export interface FragmentAssembler {
  push(chunk: Uint8Array): Assembled[];
  /** The body ended as it should: its last fragment is complete. */
  end(): Assembled[];
  /** Nothing more comes for now: completes a fragment whose Cluster has ended, to which tags might have been added. */
  settle(): Assembled[];
}

/** An assembler for one PutMedia request: one Segment, each Cluster a fragment, and what follows a Cluster its part. */
export function makeFragmentAssembler(): FragmentAssembler {
  const reader = makeMatroskaReader();
  const collector = makeHeaderCollector();
  let header: StreamHeader | undefined;
  let fragment: OpenFragment | undefined;
  /** Elements between a fragment that its tag ended and the next. */
  let leading: Uint8Array[] = [];
  let previousLatestMs = Number.NEGATIVE_INFINITY;
  let receivedBytes = 0;
  let refused = false;
  let assembled: Assembled[] = [];

  function accept(event: MatroskaEvent): void {
    if (event.kind === "cluster") {
      completeEnded();
      header ??= collector.complete(event.offset);
      fragment = openFragment(header, event, previousLatestMs, leading);
      leading = [];
      assembled.push({ kind: "begun", timecodeMs: fragment.timecodeMs });
    } else if (event.kind === "clusterEnd") {
      fragment?.endCluster();
    } else if (event.kind === "block") {
      fragment?.addBlock(event);
    } else if (!header) {
      collector.add(event);
    } else if (["ebml", "segment", "info", "tracks"].includes(event.kind)) {
      throw oneTooMany(event);
    } else if (!fragment) {
      leading.push(event.bytes);
    } else {
      fragment.add(event.bytes);
      if (event.kind !== "tags") return;
      fragment.addTags(event.tags);
      if (event.tags.some(({ name }) => name === END_OF_FRAGMENT)) completeEnded();
    }
  }

  function completeEnded(): void {
    if (!fragment?.clusterEnded()) return;
    const complete = fragment.complete();
    fragment = undefined;
    previousLatestMs = complete.lastFrameMs;
    assembled.push({ kind: "complete", fragment: complete });
  }

  /** What `step` makes of the stream, up to the first rule that is broken. */
  function report(step: () => void): Assembled[] {
    assembled = [];
    if (refused) return assembled;
    try {
      step();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused = true;
      assembled.push({ kind: "refused", errorCode: error.errorCode, message: error.message });
    }
    return assembled;
  }

  function read(events: () => MatroskaEvent[]): void {
    const { good, failure } = readable(events);
    for (const event of good) accept(event);
    if (!failure) return;
    completeEnded();
    throw failure;
  }

  return {
    push: (chunk) =>
      report(() => {
        receivedBytes += chunk.length;
        read(() => reader.push(chunk));
        if (fragment) checkFragmentSize(receivedBytes - fragment.offset);
      }),
    end: () =>
      report(() => {
        read(() => reader.end());
        completeEnded();
      }),
    settle: () => report(completeEnded),
  };
}

/** The events of a read, also of one that came upon bad bytes. */
function readable(events: () => MatroskaEvent[]): { good: MatroskaEvent[]; failure?: Refusal } {
  try {
    return { good: events() };
  } catch (error) {
    const { code, events: good, message } = error as MatroskaError;
    if (code !== "INVALID_MATROSKA") throw error;
    return { good, failure: refusal("INVALID_MKV_DATA", message) };
  }
}
