import * as fs from "node:fs";
import { every } from "../core/clock";
import type { CloudDeps } from "../core/service";
import { type FragmentStore, openFragmentStore } from "./fragmentStore";
import type { StreamRecord, Streams } from "./streams";

const HOUR_MS = 3_600_000;
const EXPIRY_PERIOD_MS = 60_000;

/** The fragment stores of all streams, opened when first asked for, with retention kept. */
export interface FragmentStores {
  of(stream: StreamRecord): FragmentStore;
  /** Removes at once what is older than the stream's retention. */
  expire(stream: StreamRecord): Promise<void>;
  /** Removes a deleted stream's media. */
  remove(stream: StreamRecord): void;
  close(): void;
}

/** Keeps each stream's media in a folder of its own, named after its creation time, which no two streams share. */
export function makeFragmentStores({ store, clock }: CloudDeps, streams: Streams): FragmentStores {
  const open = new Map<number, FragmentStore>();
  // A stream's name may be longer than a file's, so it only decorates.
  const folderOf = ({ creationTimeMs, name }: StreamRecord) =>
    store.folder(`kinesisVideo/${creationTimeMs}-${name.slice(0, 100)}`);

  function of(stream: StreamRecord): FragmentStore {
    const known = open.get(stream.creationTimeMs);
    if (known) return known;
    const opened = openFragmentStore(folderOf(stream));
    open.set(stream.creationTimeMs, opened);
    return opened;
  }

  const expire = (stream: StreamRecord) => of(stream).expire(clock.nowMs() - stream.retentionHours * HOUR_MS);

  function expireAll(): void {
    for (const stream of streams.all()) {
      expire(stream).catch((error) => console.error(`local cloud: cannot expire ${stream.name}:`, error));
    }
  }
  const close = every(clock, EXPIRY_PERIOD_MS, expireAll);

  return {
    of,
    expire,
    remove(stream) {
      open.delete(stream.creationTimeMs);
      fs.rmSync(folderOf(stream), { recursive: true, force: true });
    },
    close,
  };
}
