import type { World } from "../world";
import {
  type Archive,
  type HeldClip,
  type Ledger,
  type LedgerEntry,
  plansIn,
  type RawClip,
  sha256,
} from "./readArchive";
import type { Violation } from "./violation";

/** I2 and I3, of the objects alone. */
export function checkObjects({ clips }: Archive): Violation[] {
  const violations: Violation[] = [];
  const holders = new Map<string, string>();
  for (const { key, numbers, object } of clips) {
    for (const number of numbers) {
      const other = holders.get(number);
      if (other) violations.push({ invariant: "I2", fragment: number, says: `is in ${other} and in ${key}` });
      holders.set(number, key);
    }
    if (numbers.length === 0) violations.push({ invariant: "I2", says: `${key} holds no fragment` });
    if (object.firstBytes) violations.push({ invariant: "I4", says: `${key} was put twice` });
  }
  return violations;
}

/** The chain, and that objects are what entries say. */
export function checkLedger(
  { folder, entries, damagedKeys, life }: Ledger,
  { clips, voidKeys }: Archive,
  world: World,
): Violation[] {
  const violations: Violation[] = [];
  const wrong = (says: string, fragment?: string, invariant: Violation["invariant"] = "ledger") =>
    violations.push({ invariant, fragment, says: `${folder} ${says}` });
  if (!life) wrong("is of no life of the stream");
  const objects = new Map(clips.map((clip) => [clip.key, clip]));
  const plans = new Map<string, RawClip>();
  const named = new Set(entries.flatMap(({ damaged }) => damaged));
  const bytesOf = (seq: number) =>
    world.bucket.objects.get(`${folder}${String(999_999_999_999 - seq).padStart(12, "0")}.json`);
  const stored = new Set<string>();
  const truth = new Map(life?.fragments.map((fragment) => [fragment.fragmentNumber, fragment]));

  let last: LedgerEntry | undefined;
  for (const entry of entries) {
    const { seq, change } = entry;
    const before = bytesOf(seq - 1);
    const link = last && bytesOf(last.seq);
    if (last && link && sha256(link.firstBytes ?? link.bytes) !== entry.prev)
      wrong(`entry ${seq} does not chain to ${last.seq}`);
    if (!last && seq > 0 && !before) wrong(`begins with entry ${seq}`);
    for (let missing = (last?.seq ?? -1) + 1; missing < seq; missing += 1) {
      if (!bytesOf(missing)) wrong(`has no entry ${missing}`);
    }
    for (const clip of plansIn(change)) plans.set(clip.key, clip);
    if (entry.kind === "stored") {
      const { key = "" } = change;
      if (stored.has(key)) wrong(`stores ${key} twice`);
      stored.add(key);
      const clip = objects.get(key);
      const plan = plans.get(key);
      if (!clip) wrong(`entry ${seq} stores ${key}, which is not there`, undefined, "I1");
      else if (sha256(clip.object.bytes) !== change.sha256)
        wrong(`entry ${seq} has another SHA-256 than ${key}`);
      else if (clip.object.bytes.length !== change.sizeBytes)
        wrong(`entry ${seq} has another size than ${key}`);
      if (!plan) wrong(`entry ${seq} stores ${key}, which no entry plans`);
      if (clip && plan) compare(clip, plan);
    }
    if (entry.kind === "split" && !voidKeys.includes(change.voidKey ?? ""))
      wrong(`splits ${change.voidKey}, whose key is not void`);
    last = entry;
  }
  for (const key of damagedKeys) {
    // What is damaged behind the last entry, the next entry would name.
    const isLast = !entries.some(({ putMs }) => putMs > (world.bucket.objects.get(key)?.putMs ?? 0));
    if (!named.has(key) && !isLast && damagedAtHead(key)) wrong(`never names ${key}, which is damaged`);
  }
  for (const key of named) {
    if (key.startsWith("clips/")) wrong(`names ${key}, where nobody put anything`);
  }
  for (const { key, numbers } of clips) {
    if (!key.startsWith(`clips/`) || stored.has(key)) continue;
    const isOfLife = numbers.some((number) => truth.has(number));
    const isOpen = last?.state.openPlans.some((open) => open.key === key);
    if (isOfLife && !isOpen) wrong(`knows nothing of ${key}`);
  }
  return violations;

  function damagedAtHead(key: string): boolean {
    return entries.some(
      (entry) =>
        entry.putMs > (world.bucket.objects.get(key)?.putMs ?? 0) &&
        key <= `${folder}${String(999_999_999_999 - entry.seq + 1).padStart(12, "0")}`,
    );
  }

  function compare({ key, numbers }: HeldClip, plan: RawClip): void {
    const planned = plan.fragments.map(([number]) => number);
    const sorted = [...numbers].sort();
    if (JSON.stringify([...planned].sort()) !== JSON.stringify(sorted)) {
      const missing = planned.find((number) => !numbers.includes(number));
      const surplus = numbers.find((number) => !planned.includes(number));
      wrong(
        `${key} holds ${numbers.length} fragments, its plan says ${planned.length}; missing ${missing}, surplus ${surplus}`,
        missing ?? surplus,
        surplus ? "I2" : "I1",
      );
    }
    const start = truth.get(planned[0] ?? "");
    const begins = start && new Date(start.producerMs).toISOString().replace(/[-:]/g, "");
    if (begins && !key.includes(`/${begins}-`))
      wrong(`${key} does not sort by its first frame, of ${begins}`, planned[0], "I3");
  }
}
