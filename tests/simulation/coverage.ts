import { type Archive, readArchive } from "./checker";
import { FAULT_KINDS } from "./history";
import { POISONED } from "./models/kinesisVideo";
import type { World } from "./world";

/** What a campaign must have seen to have tried anything: each is reached by at least one of its histories. */
export const MUST_REACH = [
  ...FAULT_KINDS.map((kind) => `fault ${kind}`),
  "clip by GetClip",
  "clip by fragments",
  "split",
  "void",
  "adopted",
  "deferred",
  "poisoned clip",
  "poisoned number",
  "listing cut",
  "tried again",
  "hour summary",
  "late hour issued anew",
  "opened",
  "closed",
  "amended",
  "gap expired",
  "gap unreadable",
  "gap stream-deleted",
  "fragments lost",
  "life ended",
  "second life",
  "damage named",
  "claim taken over",
  "duplicate ended",
  "footage at risk",
  "function timed out",
  "asynchronous retry",
  "repeat marked",
  "retired",
  "retirement refused",
] as const;

/** What happened in a played world. */
export function coverageOf(world: World): string[] {
  const reached = new Set(world.tally.keys());
  const archive = readArchive(world);
  if (archive.voidKeys.length > 0) reached.add("void");
  if (archive.ledgers.length > 1) reached.add("second life");
  for (const name of ledgerEvents(archive)) reached.add(name);
  if (world.eventBridge.heard.some(({ type }) => type === "Footage At Risk")) reached.add("footage at risk");
  const executions = [...world.stepFunctions.executions.values()];
  if (executions.some(({ name }) => name.startsWith("gate-"))) reached.add("claim taken over");
  const isShort = executions.some(({ status, transitions }) => status === "SUCCEEDED" && transitions === 3);
  if (isShort) reached.add("duplicate ended");
  return [...reached];
}

function* ledgerEvents({ ledgers, clips }: Archive): Generator<string> {
  const putBy = new Map(clips.map(({ key, object }) => [key, object.putBy]));
  for (const { entries } of ledgers) {
    for (const { change, hours, damaged, state, putBy: writer } of entries) {
      if (hours.length > 0) yield "hour summary";
      if (hours.some(({ isReissue }) => isReissue)) yield "late hour issued anew";
      if (damaged.length > 0) yield "damage named";
      if (state.deferred.length > 0) yield "deferred";
      if (change.kind === "stored") {
        yield change.source === "get-clip" ? "clip by GetClip" : "clip by fragments";
        if (putBy.get(change.key ?? "") !== writer) yield "adopted";
      }
      if (change.kind === "split") {
        yield "split";
        if (change.because?.includes(POISONED)) yield change.deferred ? "poisoned number" : "poisoned clip";
        if (change.lost) yield "fragments lost";
      }
      if (change.kind === "gap") yield `gap ${change.cause}`;
      if (change.kind === "closed") yield "closed";
      if (change.kind === "ended") yield "life ended";
      if (change.kind === "plan") {
        if (change.recording) yield change.recording;
        if (change.retries !== undefined) yield "tried again";
        if (change.clip?.fragments.some(([, , , , , repeats]) => repeats)) yield "repeat marked";
      }
    }
  }
}
