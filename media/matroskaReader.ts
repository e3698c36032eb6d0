import { makeByteQueue } from "./byteQueue";
import { type ElementHead, makeEbml } from "./ebml";
import { elementId, type MatroskaEvent } from "./matroska";
import { makeBlockParser } from "./matroskaBlocks";
import { makeHeaderParser } from "./matroskaHeaders";

export interface MatroskaReaderOptions {
  /** The largest element that is held in memory; a larger one is an error. Default 64 MiB. */
  maxElementBytes?: number;
}

export interface MatroskaReader {
  /** Takes the next bytes of the stream, however it was cut, and reports what they complete. */
  push(chunk: Uint8Array): MatroskaEvent[];
  /** The stream has ended: reports the end of a Cluster of unknown size. */
  end(): MatroskaEvent[];
}

interface OpenCluster {
  offset: number;
  /** Where it ends; Infinity when its size is unknown. */
  end: number;
  bytes: Uint8Array;
  /** What came ahead of the Timecode, which must be reported first. Undefined once the Timecode came. */
  held: MatroskaEvent[] | undefined;
}

/** Most that is parsed of an Info, Tracks or Tags: three tracks, each with the 1 MiB of codec data KVS takes. */
const maxHeaderElementBytes = 4 * 1024 * 1024;
/** Most that may stand in a Cluster ahead of its Timecode: a CRC-32, a Position, some padding. */
const maxBytesBeforeTimecode = 64 * 1024;

/**
 * A streaming parser of Matroska. Segments and Clusters may be of known or unknown size, and a new EBML
 * header may follow a Segment of unknown size, as GetMedia repeats it for every fragment. Memory is taken
 * for bytes that came, never for a size that was announced.
 *
 * `push` and `end` throw a `MatroskaError` (code `INVALID_MATROSKA`) that names the place and what was
 * expected there, and carries the events of the same call that precede it. Every later call throws it again.
 */
export function makeMatroskaReader(options: MatroskaReaderOptions = {}): MatroskaReader {
  const { maxElementBytes = 64 * 1024 * 1024 } = options;
  const id = elementId;
  const queue = makeByteQueue();
  const ebml = makeEbml();
  const headers = makeHeaderParser(ebml);
  const blocks = makeBlockParser(ebml);
  const unknownEnd = Number.POSITIVE_INFINITY;
  const parsedHeaders: number[] = [id.ebml, id.info, id.tracks, id.tags];
  const otherLevelOne: number[] = [id.segment, id.cluster, id.seekHead, id.cues, id.chapters, id.attachments];
  const documentStarts: number[] = [id.ebml, id.segment];
  const besideClusters = [...parsedHeaders, ...otherLevelOne];

  let events: MatroskaEvent[] = [];
  let failure: Error | undefined;
  let documentBegun = false;
  /** Where the Segment ends; undefined outside of one. */
  let segmentEnd: number | undefined;
  let cluster: OpenCluster | undefined;

  function push(chunk: Uint8Array): MatroskaEvent[] {
    queue.append(chunk);
    return report(() => {
      while (readElement());
    });
  }

  function end(): MatroskaEvent[] {
    return report(() => {
      const rest = queue.waiting();
      if (rest.start < rest.end) {
        const head = ebml.head(rest);
        throw endsInside(head ? ebml.nameOf(head.id) : "an element's head", queue.offset());
      }
      if (cluster && (cluster.held || cluster.end !== unknownEnd)) {
        throw endsInside(ebml.nameOf(id.cluster), cluster.offset);
      }
      if (cluster) endCluster(cluster);
      if (segmentEnd !== undefined && segmentEnd !== unknownEnd) {
        throw endsInside(`a Segment that reaches to byte ${segmentEnd}`, queue.offset());
      }
    });
  }

  function endsInside(what: string, at: number) {
    const rest = queue.waiting();
    return ebml.invalid(`the stream ends in the middle of ${what}, at byte ${rest.offset + rest.end}`, at);
  }

  function report(read: () => void): MatroskaEvent[] {
    events = [];
    try {
      if (failure) throw failure;
      read();
      return events;
    } catch (error) {
      failure = error as Error;
      throw Object.assign(failure, { events });
    }
  }

  /** Reads the next element, or the head of a Segment or Cluster; false when not all its bytes are here. */
  function readElement(): boolean {
    const isAtEnd = (parentEnd: number | undefined) => parentEnd === queue.offset();
    if (cluster && (isAtEnd(cluster.end) || isAtEnd(segmentEnd))) endCluster(cluster);
    if (isAtEnd(segmentEnd)) segmentEnd = undefined;
    const head = ebml.head(queue.waiting());
    if (!head) return false;
    checkPlace(head);
    if (cluster && besideClusters.includes(head.id)) endCluster(cluster);
    if (head.id === id.segment) return enterSegment(head);
    if (head.id === id.cluster) return enterCluster(head);

    const sizeBytes = head.headBytes + checkedSize(head);
    const { start, end } = queue.waiting();
    if (end - start < sizeBytes) return false;
    const offset = queue.offset();
    const bytes = queue.take(sizeBytes);
    if (cluster) readInCluster(cluster, head, bytes, offset);
    else readBesideClusters(head, bytes, offset);
    return true;
  }

  /** What may stand here: a document begins with its EBML header, and children end within their parents. */
  function checkPlace(head: ElementHead): void {
    const offset = queue.offset();
    const found = () => ebml.nameOf(head.id);
    if (!documentBegun && head.id !== id.ebml) {
      throw ebml.invalid(`expected an EBML header (0x1a45dfa3), found ${found()}`, offset);
    }
    if (segmentEnd === undefined && head.id !== id.void && !documentStarts.includes(head.id)) {
      throw ebml.invalid(`expected a Segment (0x18538067), found ${found()}`, offset);
    }
    const parentEnd = Math.min(cluster?.end ?? unknownEnd, segmentEnd ?? unknownEnd);
    if (offset + head.headBytes + (head.sizeBytes ?? 0) > parentEnd) {
      throw ebml.invalid(`expected ${found()} to end within its parent, by byte ${parentEnd}`, offset);
    }
    const leavesCluster = besideClusters.includes(head.id) && (cluster?.end ?? unknownEnd) !== unknownEnd;
    const leavesSegment = documentStarts.includes(head.id) && (segmentEnd ?? unknownEnd) !== unknownEnd;
    if (leavesCluster || leavesSegment) {
      throw ebml.invalid(`expected its parent to go on until byte ${parentEnd}, found ${found()}`, offset);
    }
  }

  /** The size of an element that is read whole. */
  function checkedSize(head: ElementHead): number {
    const limit = parsedHeaders.includes(head.id)
      ? Math.min(maxHeaderElementBytes, maxElementBytes)
      : maxElementBytes;
    if (head.sizeBytes === undefined || head.sizeBytes > limit) {
      const found = head.sizeBytes === undefined ? "an unknown size" : `${head.sizeBytes} bytes`;
      throw ebml.invalid(
        `expected ${ebml.nameOf(head.id)} of at most ${limit} bytes, found ${found}`,
        queue.offset(),
      );
    }
    return head.sizeBytes;
  }

  function enterSegment(head: ElementHead): true {
    const offset = queue.offset();
    events.push({ kind: "segment", offset, bytes: queue.take(head.headBytes) });
    segmentEnd = queue.offset() + (head.sizeBytes ?? unknownEnd);
    return true;
  }

  function enterCluster(head: ElementHead): true {
    const offset = queue.offset();
    const bytes = queue.take(head.headBytes);
    cluster = { offset, end: queue.offset() + (head.sizeBytes ?? unknownEnd), bytes, held: [] };
    return true;
  }

  function endCluster(ended: OpenCluster): void {
    if (ended.held) throw ebml.invalid("expected a Timecode in the Cluster before its end", queue.offset());
    events.push({ kind: "clusterEnd", offset: queue.offset() });
    cluster = undefined;
  }

  function readBesideClusters(head: ElementHead, bytes: Uint8Array, offset: number): void {
    const payload = { bytes, start: head.headBytes, end: bytes.length, offset };
    if (head.id === id.ebml) {
      events.push({ kind: "ebml", offset, bytes, docType: headers.docType(payload) });
      documentBegun = true;
      segmentEnd = undefined;
    } else if (head.id === id.info) {
      events.push({ kind: "info", offset, bytes, ...headers.info(payload) });
    } else if (head.id === id.tracks) {
      events.push({ kind: "tracks", offset, bytes, tracks: headers.tracks(payload) });
    } else if (head.id === id.tags) {
      events.push({ kind: "tags", offset, bytes, tags: headers.tags(payload) });
    } else {
      events.push({ kind: "element", offset, bytes, id: head.id });
    }
  }

  function readInCluster(into: OpenCluster, head: ElementHead, bytes: Uint8Array, offset: number): void {
    const payload = { bytes, start: head.headBytes, end: bytes.length, offset };
    const element: MatroskaEvent = { kind: "clusterElement", offset, bytes, id: head.id };
    const isBlock = head.id === id.simpleBlock || head.id === id.blockGroup;
    if (head.id === id.timecode) {
      if (!into.held) throw ebml.invalid("expected one Timecode in the Cluster, found another", offset);
      const timecode = ebml.unsigned(payload);
      events.push(
        { kind: "cluster", offset: into.offset, bytes: into.bytes, timecode },
        ...into.held,
        element,
      );
      into.held = undefined;
    } else if (into.held && (isBlock || offset + bytes.length - into.offset > maxBytesBeforeTimecode)) {
      throw ebml.invalid(`expected the Cluster's Timecode, found ${ebml.nameOf(head.id)}`, offset);
    } else if (isBlock) {
      const parse = head.id === id.simpleBlock ? blocks.simpleBlock : blocks.blockGroup;
      events.push({ kind: "block", offset, bytes, ...parse(payload) });
    } else {
      (into.held ?? events).push(element);
    }
  }

  return { push, end };
}
