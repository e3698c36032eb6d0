import type { Stretch } from "../archive/coverage";
import type { Answer, Verification } from "../archive/verify";
import type { Gap } from "../archive/verifyLedger";

/** What was verified. */
export interface Subject {
  streamName: string;
  bucket: string;
  prefix: string;
  isDeep: boolean;
}

/** Exit codes of `verify`. Gaps and damage are told apart from what is in order; see `docs/verify.md`. */
export const exitCodes: Record<Answer, number> = {
  complete: 0,
  silent: 0,
  "expired by policy": 0,
  "not yet swept": 0,
  gaps: 1,
  damaged: 2,
};

/** Causes of gaps, for people. */
const causes: Record<string, string> = {
  expired: "nobody looked at the stream while this was retained",
  "stream-deleted": "the stream was deleted with it",
  lost: "past its retention before it could be read",
  deferred: "could not be read yet; it is tried again until its retention ends",
  unreadable: "could not be read until its retention ended",
  "not stored yet": "planned, and not recorded as stored yet",
};

/** A verification for people: the answer, then what it rests on. */
export function asText({ streamName, bucket, prefix, isDeep }: Subject, found: Verification): string {
  const { lives, checked, sweptToMs } = found;
  const entryCount = lives.reduce((sum, life) => sum + life.entryCount, 0);
  const depth = isDeep ? "all bytes and frames read" : "bytes not read";
  const size = `${(checked.bytes / 1_000_000).toFixed(2)} MB`;
  const lines: [string, string][] = [
    ["asked", inText(found.asked)],
    ...(sweptToMs === undefined ? [] : [["swept to", isoTime(sweptToMs)] as [string, string]]),
    [
      "ledger",
      `${counted(entryCount, "entry", "entries")}, ${counted(lives.length, "life", "lives")} of the stream`,
    ],
    ["clips", `${checked.clips}, ${size}, ${depth}`],
    ...found.covered.map((stretch): [string, string] => ["covered", inText(stretch)]),
    ...found.silent.map((stretch): [string, string] => [
      "silent",
      `${inText(stretch)}: the camera sent nothing`,
    ]),
    ...found.expired.map((stretch): [string, string] => [
      "expired",
      `${inText(stretch)}: by the bucket's lifecycle`,
    ]),
    ...found.gaps.map((gap): [string, string] => ["gap", gapText(gap)]),
    ...found.damage.map(({ key, problem }): [string, string] => ["damaged", `${key}: ${problem}`]),
  ];
  const answer = `${streamName} in s3://${bucket}/${prefix}: ${found.answer}`;
  return [answer, ...lines.map(([name, text]) => `  ${name.padEnd(9)} ${text}`)].join("\n");
}

/** A verification for programs, in the shape that `docs/verify.md` describes. */
export function asJson({ streamName, bucket, prefix, isDeep }: Subject, found: Verification): string {
  const times = ({ fromMs, toMs }: Stretch) => ({ from: isoTime(fromMs), to: isoTime(toMs) });
  const report = {
    version: 1,
    stream: streamName,
    bucket,
    prefix,
    answer: found.answer,
    exitCode: exitCodes[found.answer],
    asked: times(found.asked),
    sweptTo: found.sweptToMs === undefined ? null : isoTime(found.sweptToMs),
    covered: found.covered.map(times),
    silent: found.silent.map(times),
    expired: found.expired.map(times),
    gaps: found.gaps.map(({ cause, clock, seq, fragmentCount, key, ...stretch }) => ({
      ...times(stretch),
      clock,
      cause,
      entry: seq,
      fragments: fragmentCount,
      key,
    })),
    damage: found.damage,
    lives: found.lives.map(({ createdMs, entryCount, hasEnded }) => ({
      created: isoTime(createdMs),
      entries: entryCount,
      hasEnded,
    })),
    checked: { ...found.checked, isDeep },
  };
  return JSON.stringify(report, undefined, 2);
}

function gapText({ cause, clock, seq, fragmentCount, key, ...stretch }: Gap): string {
  const what = fragmentCount === undefined ? "" : `, ${counted(fragmentCount, "fragment", "fragments")}`;
  const of = clock === "server" ? " by the service's clock" : "";
  const where = key === undefined ? `entry ${seq}` : `entry ${seq}, ${key}`;
  return `${inText(stretch)}${of}${what}: ${causes[cause] ?? cause} (${where})`;
}

const isoTime = (timeMs: number) => new Date(timeMs).toISOString();

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

function inText({ fromMs, toMs }: Stretch): string {
  return `${isoTime(fromMs)} to ${isoTime(toMs)} (${((toMs - fromMs) / 1000).toFixed(1)} s)`;
}
