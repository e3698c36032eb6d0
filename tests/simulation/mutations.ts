/** A deliberate fault of the product: a text of one of its files, and what is put in its place. */
export interface Mutation extends Edit {
  name: string;
  /** What is wrong with the product then. */
  breaks: string;
  /** A second edit, where one alone is made good by what stands behind it. */
  and?: Edit;
}

/** What is put in the place of a text of a file. */
export interface Edit {
  file: string;
  find: string;
  replace: string;
}

const round = "archive/archiveStream.ts";
const finish = "archive/finishPlan.ts";

/**
 * Faults that the simulator must find. Most undo one sentence of the protocol (`docs/archive.md`), each of which was
 * written because of a history that broke a draft.
 */
export const MUTATIONS: Mutation[] = [
  {
    name: "no-settling",
    breaks: "a cell is cut at its end, and not when its last fragment is listed",
    file: "archive/plan.ts",
    find: "const settleMs = 30_000;",
    replace: "const settleMs = 0;",
  },
  {
    name: "no-tie-rule",
    breaks: "a clip of one millisecond is asked for with an End that is not after its Start",
    file: "archive/plan.ts",
    find: "Math.max(fromMs + 1,",
    replace: "Math.max(fromMs,",
  },
  {
    name: "store-before-plan",
    breaks: "media moves before its plan is written",
    file: round,
    find: "    return record(planned(",
    replace:
      "    await require('./finishPlan').finishPlan(target, { key, fragments: fragments.map(require('./ledger').toRow), range });\n    return record(planned(",
  },
  {
    name: "claim-is-anyones",
    breaks: "every event starts a Recorder, and none asks who holds the claim",
    file: "handlers/archiveClip.ts",
    find: "if (current.holder !== execution) return undefined;",
    replace: "",
    and: {
      file: "handlers/checkAlarmTag.ts",
      find: "isDuplicate: !claim,",
      replace: "isDuplicate: false && !claim,",
    },
  },
  {
    name: "claim-is-forever",
    breaks: "the claim of a Recorder that died is never taken over",
    file: "archive/claim.ts",
    find: "return !holder || !(nowMs - Date.parse(renewedAt) <= 2 * clipMs + taskTimeoutMs);",
    replace: "return !holder;",
  },
  {
    name: "claim-without-generation",
    breaks: "a successor has the name of one that ran before",
    file: "archive/claim.ts",
    find: "claim.generation + (isNew ? 1 : 0)",
    replace: "Math.min(1, claim.generation + (isNew ? 1 : 0))",
  },
  {
    name: "alarm-not-read-again",
    breaks: "an alarm that rings while the claim is released is heard by nobody",
    file: "infra/workflow.ts",
    find: '{ Condition: "{% $isDone %}", Next: "CheckAlarmAgain" }',
    replace: '{ Condition: "{% $isDone %}", Next: "RecordingArchived" }',
  },
  {
    name: "silence-ends-recording",
    breaks: "the workflow ends with the alarm, whatever is still owed",
    file: "handlers/archiveClip.ts",
    find: "const isDone = !isAlarmOn && result.isDrained && !result.isRecording;",
    replace: "const isDone = !isAlarmOn;",
  },
  {
    name: "answer-without-backlog",
    breaks: "a hand-over and a duplicate answer less than the workflow reads",
    file: "handlers/archiveClip.ts",
    find: "const nothing = { hasBacklog: false, isDuplicate: false,",
    replace: "const nothing = { isDuplicate: false,",
  },
  {
    name: "lost-race-is-won",
    breaks: "whoever loses the race for an entry's number takes its entry to be written",
    file: "archive/ledger.ts",
    find: 'if (outcome === "present") return undefined;',
    replace: "",
  },
  {
    name: "newest-version-counts",
    breaks: "an entry that somebody wrote over is believed",
    file: "archive/ledger.ts",
    find: "const held = await vault.get(key, versionId);",
    replace: "const held = await vault.get(key);",
  },
  {
    name: "highest-number-counts",
    breaks: "the next entry takes the number above all objects, foreign ones too",
    file: "archive/ledger.ts",
    find: "while (taken.includes(seq)) seq += 1;",
    replace: "for (const one of taken) seq = Math.max(seq, (one ?? -1) + 1);",
  },
  {
    name: "gap-unnamed",
    breaks: "low-water passes time that no listing covered",
    file: round,
    find: "if (uncovered.fromMs < uncovered.toMs) {",
    replace: "if (uncovered.fromMs < uncovered.toMs - 1e12) {",
  },
  {
    name: "gap-too-long",
    breaks: "footage that is still held is given up",
    file: round,
    find: "const goneToMs = earliest(fragments, unseenToMs);",
    replace: "const goneToMs = unseenToMs + 600_000;",
  },
  {
    name: "watermark-unheeded",
    breaks: "time that sweeps covered is named as a gap, since nobody planned anything in it",
    file: round,
    find: "const sweptToMs = swept?.sweep.coveredToMs ?? 0;",
    replace: "const sweptToMs = 0 * (swept?.sweep.coveredToMs ?? 0);",
  },
  {
    name: "minute-known-by-its-book",
    breaks: "a minute whose listing differs from its book is taken to be settled",
    file: "archive/owed.ts",
    find: "if (book && isAccounted(book, fragments)) continue;",
    replace: "if (book) continue;",
  },
  {
    name: "entries-not-read-back",
    breaks: "all of a minute that differs is owed again",
    file: "archive/owed.ts",
    find: "for (const fragmentNumber of await plannedNumbers(seq)) known.add(fragmentNumber);",
    replace: "void (await plannedNumbers(seq));",
  },
  {
    name: "low-water-passes-owed",
    breaks: "low-water rises past fragments that are not planned yet",
    file: round,
    find: "return Math.floor(earliest(left, limitMs) / clipMs) * clipMs;",
    replace: "return Math.floor((limitMs + 0 * left.length) / clipMs) * clipMs;",
  },
  {
    name: "part-is-all",
    breaks: "a part of a long listing is taken for all of it",
    file: round,
    find: "if (listing.toMs < nowMs) {",
    replace: "if (listing.toMs < nowMs - 1e12) {",
  },
  {
    name: "no-looking-back",
    breaks: "what is listed late is not looked for again",
    file: round,
    find: "return Math.min(1, retentionHours / 2) * HOUR_MS;",
    replace: "return 0 * retentionHours;",
  },
  {
    name: "key-not-decided",
    breaks: "a plan is replaced, and its key is left for whoever still works on it",
    file: finish,
    find: "  const { outcome } = await vault.putIfAbsent({",
    replace: '  const { outcome } = await (async (_: unknown) => ({ outcome: "stored" }))({',
  },
  {
    name: "void-not-understood",
    breaks: "a key that was decided without its split is never got over",
    file: finish,
    find: 'if (held.metadata.decision === VOID) return split(target, clip, "its key is void");',
    replace: "",
  },
  {
    name: "movie-not-checked",
    breaks: "what GetClip returned is stored whatever it holds",
    file: "archive/clipMovie.ts",
    find: "if (difference) throw",
    replace: "if (difference && Date.UTC(1970) > 1) throw",
  },
  {
    name: "half-a-plan",
    breaks: "an object is completed without the fragments that cannot be read",
    file: finish,
    find: "if (unreadable.length > 0) return giveUp(",
    replace: "if (unreadable.length > 1e9) return giveUp(",
  },
  {
    name: "stream-error-blames-fragments",
    breaks: "a key that is disabled for a while puts off every fragment",
    file: "archive/fragmentMedia.ts",
    find: 'if (said.slice(0, 3).some((value) => ofWholeStream.test(value ?? ""))) {',
    replace: 'if (said.slice(0, 3).every((value) => ofWholeStream.test(value ?? ""))) {',
  },
  {
    name: "replaced-key-again",
    breaks: "a plan that replaces another has its key, which is void",
    file: "archive/keys.ts",
    find: "const hash = sha256(fragmentListHash(fragments) + replaces).slice(0, 8);",
    replace: "const hash = sha256(fragmentListHash(fragments) + replaces.slice(0, 0)).slice(0, 8);",
  },
  {
    name: "poison-holds-up",
    breaks: "a clip that GetClip never makes keeps all that is behind it from being archived",
    file: round,
    find: "overdueToMs: nowMs - OVERDUE_MS };",
    replace: "overdueToMs: nowMs - 1e12 * OVERDUE_MS };",
  },
  {
    name: "poison-is-everyones",
    breaks: "one number that the service calls invalid keeps all others from being read",
    file: "archive/outcomes.ts",
    find: 'GetMediaForFragmentList: { ...KINESIS_VIDEO, InvalidArgumentException: "fallBack" },',
    replace: "GetMediaForFragmentList: KINESIS_VIDEO,",
  },
  {
    name: "given-up-early",
    breaks: "what could not be read once is given up while it is held",
    file: "archive/retryDeferred.ts",
    find: "if (held.length === 0) {",
    replace: "if (held.length >= 0) {",
  },
  {
    name: "never-tried-again",
    breaks: "what could not be read once is not tried again",
    file: "handlers/reconcileStream.ts",
    find: "retryDeferred: true,",
    replace: "retryDeferred: false,",
  },
  {
    name: "hour-not-issued-anew",
    breaks: "the summary of an hour does not know what turned up after it",
    file: "archive/entries.ts",
    find: "return { change, state: next.state, reissued: { hour: hour.hour, minutes, isReissue: true } };",
    replace: "return { change, state: next.state, reissued: { ...hour, isReissue: true } };",
  },
  {
    name: "life-ends-without-gap",
    breaks: "what a deleted stream took along is not named",
    file: "archive/lives.ts",
    find: "} else if (coveredToMs < overMs) {",
    replace: "} else if (coveredToMs < overMs - 1e12) {",
  },
  {
    name: "life-ends-as-of-its-call",
    breaks: "what came in after the call that finds a life over is not named",
    file: "archive/lives.ts",
    find: "Math.max(nowMs, goneMs) + 60_000);",
    replace: "Math.min(nowMs, goneMs));",
  },
  {
    name: "sweep-says-too-much",
    breaks: "a watermark covers time in which fragments are owed",
    file: round,
    find: "coveredToMs: earliest(owed.fragments, nowMs - lookBackMs(stream)),",
    replace: "coveredToMs: nowMs,",
  },
  {
    name: "risk-unsaid",
    breaks: "footage nears the end of its retention and nobody is told",
    file: "handlers/reconcileStream.ts",
    find: "if (atRisk && (!before || atRisk > before)) {",
    replace: "if (atRisk && before && atRisk > 100) {",
  },
  {
    name: "age-of-nothing",
    breaks: "the age of what is not archived is always said to be nothing",
    file: "handlers/reconcileStream.ts",
    find: "const ageMs = Math.max(0, nowMs - oldestMs);",
    replace: "const ageMs = 0 * oldestMs;",
  },
  {
    name: "own-split-is-anothers",
    breaks: "a round that replaced a plan leaves the new one to itself",
    file: round,
    find: "ownSeq = next?.entry?.seq;",
    replace: 'ownSeq = entry.change.kind === "plan" ? next?.entry?.seq : ownSeq;',
  },
  {
    name: "drain-takes-its-word",
    breaks: "a stream is let go before all that is listed is archived",
    file: "handlers/drain.ts",
    find: "backlog.oldestMs === undefined && result?.isDrained === true && result.comparedToMs === nowMs;",
    replace: "true;",
    and: {
      file: "archive/lives.ts",
      find: "if (!state || state.openPlans.length > 0 || state.deferred.length > 0) return false;",
      replace: "if (!state) return true;",
    },
  },
  {
    name: "drain-waits-for-nobody",
    breaks: "a stream is let go while a camera is in the middle of a fragment",
    file: "handlers/drain.ts",
    find: "if (nowMs - newestMs >= QUIET_MS && nowMs - beganMs >= SETTLE_MS) return;",
    replace: "return;",
  },
];
