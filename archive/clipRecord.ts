import { compareFragmentNumbers, type Fragment } from "./fragment";
import { clipFolder, fragmentListHash, isClipKey } from "./keys";
import type { StreamDescription, Vault } from "./ports";

/** What a clip's metadata says of it. */
export interface ClipRecord {
  firstFragment: string;
  lastFragment: string;
  lastServerMs: number;
  /** Creation time of the stream's life that the clip is of. */
  streamCreatedMs: number;
}

/** The metadata of a clip object: which fragments of which life of the stream it holds, and how long it plays. */
export function clipMetadata(stream: StreamDescription, fragments: Fragment[]): Record<string, string> {
  const [first, last] = [fragments[0], fragments.at(-1)];
  if (!first || !last) throw new Error(`a clip of ${stream.streamName} was planned without fragments`);
  return {
    "first-fragment": first.fragmentNumber,
    "last-fragment": last.fragmentNumber,
    "last-server-ms": String(last.serverMs),
    "fragment-count": String(fragments.length),
    "fragment-list-sha256": fragmentListHash(fragments),
    "start-ms": String(first.producerMs),
    "duration-ms": String(last.producerMs + last.durationMs - first.producerMs),
    "stream-created-ms": String(stream.createdMs),
  };
}

/**
 * The clip that reaches furthest, read from the bucket alone: clips are stored in order of ingestion, so it is among
 * those stored last. Objects of other names are stepped over. One list request per 1,000 clips of the stream, and a handful of reads.
 */
export async function lastClip(
  vault: Vault,
  prefix: string,
  stream: StreamDescription,
): Promise<ClipRecord | undefined> {
  // S3 stamps whole seconds, and a multipart upload with its beginning: look at all that were stored about together.
  const togetherMs = 5_000;
  let newest: { key: string; modifiedMs: number }[] = [];
  for await (const object of vault.list(clipFolder(prefix, stream.streamName))) {
    if (!isClipKey(object.key)) continue;
    const newestMs = Math.max(object.modifiedMs, ...newest.map(({ modifiedMs }) => modifiedMs));
    newest = [...newest, object].filter(({ modifiedMs }) => modifiedMs >= newestMs - togetherMs);
  }
  const records = await Promise.all(newest.map(async ({ key }) => parse(key, await vault.metadata(key))));
  return records
    .filter((record) => record.streamCreatedMs === stream.createdMs)
    .sort((a, b) => compareFragmentNumbers(a.lastFragment, b.lastFragment))
    .at(-1);
}

function parse(key: string, metadata: Record<string, string>): ClipRecord {
  const read = (name: string) => {
    const value = metadata[name];
    if (!value || !/^\d+$/.test(value)) {
      throw new Error(
        `${key} has a clip's name but not its metadata: [${name}] is ${value}; move the object away`,
      );
    }
    return value;
  };
  return {
    firstFragment: read("first-fragment"),
    lastFragment: read("last-fragment"),
    lastServerMs: Number(read("last-server-ms")),
    streamCreatedMs: Number(read("stream-created-ms")),
  };
}
