import { archiveStream } from "../../archive/archiveStream";
import type { ArchiveEvent } from "../../archive/events";
import type { Fragment } from "../../archive/fragment";
import type {
  ClosedChange,
  Entry,
  GapChange,
  LedgerState,
  PlanChange,
  SplitChange,
} from "../../archive/ledger";
import { type MemoryStream, memorySource, memoryVault, numbersHeld } from "./memoryPorts";

/** When the first fragment began. */
export const T0 = Date.UTC(2026, 10, 22, 14, 3, 0);
export const MINUTE = 60_000;

/** Fragments of two seconds from T0, with numbers as long as the service's. */
export const fragments = (count: number, first = 0): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(91343852333181432392682062628987829494n + BigInt(first + index)),
    serverMs: T0 + (first + index) * 2000 + 125,
    producerMs: T0 + (first + index) * 2000,
    durationMs: 2000,
    sizeBytes: 1000,
  }));

/** A stream of three minutes, a vault, and a round of archiving over them. */
export function setUp(stream: Partial<MemoryStream> = {}) {
  const kept: MemoryStream = { fragments: fragments(90), createdMs: T0 - MINUTE, ...stream };
  const vault = memoryVault();
  const events: ArchiveEvent[] = [];
  const round = (nowMs: number, more: Partial<Parameters<typeof archiveStream>[0]> = {}) =>
    archiveStream({
      source: memorySource(kept),
      vault,
      prefix: "derby/",
      clipMs: MINUTE,
      nowMs,
      tags: { stack: "lastframe/dev", stream: "gate" },
      mayGoOn: () => true,
      announce: async (event) => {
        events.push(event);
      },
      ...more,
    });
  const held = () => numbersHeld(vault);
  return { kept, vault, round, held, events };
}

/** The numbers of fragments. */
export const numbers = (list: Fragment[]) => list.map(({ fragmentNumber }) => fragmentNumber);

/** The readable entries of a vault's ledgers, oldest first. */
export function entriesIn({ objects }: ReturnType<typeof memoryVault>): Entry[] {
  const keys = [...objects.keys()]
    .filter((key) => /ledger\/.*\/\d{12}\.json$/.test(key))
    .sort()
    .reverse();
  return keys.flatMap((key) => {
    const text = objects.get(key)?.bytes.toString() ?? "";
    return text.endsWith("}") ? [JSON.parse(text) as Entry] : [];
  });
}

type Others<T> = Partial<Omit<T, "kind">>;

/** A change whose kind a test looks at itself. */
type AnyChange = { kind: string } & Others<PlanChange> &
  Others<SplitChange> &
  Others<GapChange> &
  Others<ClosedChange>;

/** What the entries changed, oldest first. */
export const changesIn = (vault: ReturnType<typeof memoryVault>) =>
  entriesIn(vault).map(({ change }) => change as AnyChange);

/** The state that the newest entry left. */
export const stateIn = (vault: ReturnType<typeof memoryVault>) =>
  entriesIn(vault).at(-1)?.state as LedgerState;
