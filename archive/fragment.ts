/** One fragment as ListFragments describes it, the unit of Kinesis Video Streams and of everything here. */
export interface Fragment {
  /** Its identity: a decimal number of about 157 bits that rises in the order of ingestion. */
  fragmentNumber: string;
  /** When Kinesis Video Streams received its first byte, by the service's clock. Windows are cut on this. */
  serverMs: number;
  /** When the camera recorded its first frame, by the camera's clock. For people: keys and playback. */
  producerMs: number;
  durationMs: number;
  sizeBytes: number;
  /** The number of an earlier fragment that the camera sent again as this one. Both are kept. */
  repeats?: string;
}

/** Orders fragment numbers as the service ingested them. They exceed 2^53, so they are compared digit by digit. */
export function compareFragmentNumbers(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Puts a listing in the order of ingestion, each fragment once: ListFragments promises no order, not even across pages
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/API_reader_ListFragments.html).
 */
export function inOrderOfIngestion(listed: Fragment[]): Fragment[] {
  const byNumber = new Map(listed.map((fragment) => [fragment.fragmentNumber, fragment]));
  return [...byNumber.values()].sort((a, b) => compareFragmentNumbers(a.fragmentNumber, b.fragmentNumber));
}

/**
 * Marks what a camera sent again, as it does after a reconnect: the same producer time and length under a later number.
 * @param fragments in order of ingestion
 */
export function markRepeats(fragments: Fragment[]): Fragment[] {
  const originals = new Map<string, string>();
  return fragments.map((fragment) => {
    const content = `${fragment.producerMs} ${fragment.durationMs}`;
    const repeats = originals.get(content);
    if (repeats) return { ...fragment, repeats };
    originals.set(content, fragment.fragmentNumber);
    return fragment;
  });
}
