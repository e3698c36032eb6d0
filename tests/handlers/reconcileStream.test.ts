import { expect } from "chai";
import { changeClaim } from "../../archive/claim";
import type { ArchiveEvent } from "../../archive/events";
import type { Fragment } from "../../archive/fragment";
import { makeReconcileStream, type UnarchivedAge } from "../../handlers/reconcileStream";
import { clipsIn, type MemoryStream, memorySource, memoryVault, numbersHeld } from "../archive/memoryPorts";
import { fragments, T0 } from "./fragments";

const HOUR = 3_600_000;
const CREATED = T0 - HOUR;

function setUp(change: Partial<MemoryStream> = {}) {
  const stream: MemoryStream = { fragments: fragments(6), createdMs: CREATED, ...change };
  const vault = memoryVault();
  const events: ArchiveEvent[] = [];
  const ages: UnarchivedAge[] = [];
  const started: { name: string; input: object }[] = [];
  /** As of when lives are deleted, by ARN. */
  const deleted = new Map<string, number>();
  const reconcileStream = makeReconcileStream({
    openStream: () => {
      const source = memorySource(stream);
      return {
        ...source,
        describe: async () => {
          const description = await source.describe();
          if (!deleted.has(description.streamArn)) return description;
          throw Object.assign(new Error("no such stream"), { name: "ResourceNotFoundException" });
        },
      };
    },
    deletedAsOf: async (streamArn) => deleted.get(streamArn),
    vault,
    prefix: "",
    stack: "lastframe/dev",
    announce: async (_, event) => void events.push(event),
    putAge: async (age) => void ages.push(age),
    startExecution: async (name, input) => void started.push({ name, input }),
  });
  const reconcile = (nowMs: number, { isAlarmOn = false } = {}) =>
    reconcileStream(
      {
        streamName: "gate",
        clipSeconds: 60,
        alarmName: "lastframe/dev/gate",
        alarmArn: "arn:alarm",
        isAlarmOn,
        now: new Date(nowMs).toISOString(),
      },
      { getRemainingTimeInMillis: () => 900_000 },
    );
  const text = (key: string) => vault.objects.get(key)?.bytes.toString() ?? "{}";
  const sweep = () => JSON.parse(text(`sweeps/gate/${CREATED}.json`));
  const claim = () => JSON.parse(text("claims/gate.json"));
  const kinds = (createdMs: number) =>
    [...vault.objects.keys()]
      .filter((key) => key.startsWith(`ledger/gate/${createdMs}/`))
      .sort()
      .reverse()
      .map((key) => JSON.parse(text(key)).change.kind);
  return { stream, vault, events, ages, started, deleted, reconcile, sweep, claim, kinds };
}

/** The ARN that `memorySource` gives a life. */
const arnOf = (createdMs: number) => `arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/${createdMs}`;

describe("ReconcileStream", () => {
  it("archives what no alarm heard, and leaves a watermark an hour behind", async () => {
    const { reconcile, vault, sweep, ages } = setUp();

    const answer = await reconcile(T0 + 2 * HOUR);

    expect(answer).to.deep.equal({ clips: 1 });
    expect(clipsIn(vault)).to.have.length(1);
    expect(sweep()).to.deep.include({ at: "2026-11-22T16:00:00.000Z", coveredToMs: T0 + HOUR });
    expect(ages.map(({ ageSeconds, usedPercent }) => [ageSeconds, usedPercent])).to.deep.equal([[0, 0]]);
  });

  it("compares the whole retention with the ledger four times within it", async () => {
    const { reconcile, stream, vault, sweep } = setUp({ fragments: fragments(4 * 360) });
    const [late] = stream.fragments.splice(100, 1) as [Fragment];
    await reconcile(T0 + 4 * HOUR + 600_000);
    const first = sweep().compared;
    stream.fragments.push(late);

    await reconcile(T0 + 10 * HOUR);
    const tooEarly = numbersHeld(vault).includes(late.fragmentNumber);
    await reconcile(T0 + 10 * HOUR + 600_000);

    expect(first).to.deep.equal({ startedMs: T0 + 4 * HOUR + 600_000, toMs: T0 + 4 * HOUR + 600_000 });
    expect(tooEarly).to.equal(false);
    expect(numbersHeld(vault)).to.include(late.fragmentNumber);
  });

  it("announces footage at risk at half of the retention and again at four fifths, and never twice", async () => {
    const { reconcile, events, ages } = setUp({ clipFailure: "NotAuthorizedException" });
    const look = (hours: number) => reconcile(T0 + hours * HOUR).catch((error: Error) => error.name);

    const failures = [];
    for (const hours of [1, 12, 13, 20, 21]) failures.push(await look(hours));

    const atRisk = events.filter(({ type }) => type === "Footage At Risk").map(({ detail }) => detail);
    expect(failures).to.deep.equal(Array(5).fill("NotAuthorizedException"));
    expect(ages.map(({ usedPercent }) => usedPercent)).to.deep.equal([4.2, 50, 54.2, 83.3, 87.5]);
    expect(atRisk).to.deep.equal([
      { oldestMs: T0, ageSeconds: 12 * 3600, retentionSeconds: 24 * 3600, usedPercent: 50 },
      { oldestMs: T0, ageSeconds: 20 * 3600, retentionSeconds: 24 * 3600, usedPercent: 83.3 },
    ]);
  });

  it("starts a Recorder where an alarm rings and nobody records, under a name that the claim holds first", async () => {
    const { reconcile, started, claim } = setUp();

    await reconcile(T0 + HOUR, { isAlarmOn: true });
    await reconcile(T0 + HOUR + 60_000, { isAlarmOn: true });

    const [first, again] = started;
    expect(first?.name).to.match(/^gate-[0-9a-f]{8}-1$/);
    expect(first?.input).to.deep.include({ resources: ["arn:alarm"] });
    // It may have died before it was started; starting it once more under its name harms nobody.
    expect(again).to.deep.equal(first);
    expect(claim()).to.deep.include({ holder: first?.name, generation: 1 });
  });

  it("leaves a Recorder alone that was started by its alarm and renews its claim", async () => {
    const { reconcile, vault, started } = setUp();
    await changeClaim({ vault, prefix: "", streamName: "gate", nowMs: T0 + HOUR }, () => "by-the-rule");

    await reconcile(T0 + HOUR + 60_000, { isAlarmOn: true });
    const meanwhile = started.length;
    await reconcile(T0 + HOUR + 2 * 60_000 + 960_001, { isAlarmOn: true });

    expect(meanwhile).to.equal(0);
    expect(started.map(({ name }) => name.slice(-2))).to.deep.equal(["-2"]);
  });

  it("ends the ledger of a life that is no more: adopts what is there, names the rest", async () => {
    const { reconcile, stream, deleted, kinds, events } = setUp();
    await reconcile(T0 + HOUR);
    stream.clipFailure = "ServiceUnavailable";
    stream.fragments.push(
      ...fragments(12)
        .slice(6)
        .map((fragment) => ({ ...fragment, serverMs: fragment.serverMs + HOUR })),
    );
    await reconcile(T0 + 2 * HOUR).catch(() => undefined);

    deleted.set(arnOf(CREATED), T0 + 3 * HOUR);
    stream.createdMs = T0 + 3 * HOUR;
    stream.fragments = [];
    await reconcile(T0 + 4 * HOUR);
    const once = kinds(CREATED);
    await reconcile(T0 + 5 * HOUR);

    expect(once).to.deep.equal(["began", "plan", "stored", "closed", "plan", "split", "gap", "ended"]);
    expect(kinds(CREATED)).to.deep.equal(once);
    expect(events.filter(({ type }) => type === "Gap Found")).to.have.length(2);
    expect(kinds(T0 + 3 * HOUR)).to.deep.equal(["began"]);
  });

  it("ends every life when the stream is deleted and none takes its place", async () => {
    const { reconcile, deleted, kinds } = setUp();
    await reconcile(T0 + HOUR);
    deleted.set(arnOf(CREATED), T0 + 2 * HOUR);

    const answer = await reconcile(T0 + 2 * HOUR);

    expect(answer).to.deep.equal({ clips: 0 });
    expect(kinds(CREATED).slice(-2)).to.deep.equal(["gap", "ended"]);
  });

  it("names all that a life may have received, however old the call is that finds it over", async () => {
    const { reconcile, deleted, events } = setUp();
    await reconcile(T0 + HOUR);
    const deletedAsOfMs = T0 + 2 * HOUR + 600_000;
    deleted.set(arnOf(CREATED), deletedAsOfMs);

    await reconcile(T0 + 2 * HOUR);

    const gaps = events.flatMap(({ type, detail }) => (type === "Gap Found" ? [detail] : []));
    expect(gaps.map(({ cause }) => cause)).to.deep.equal(["stream-deleted"]);
    expect(gaps[0]?.toMs).to.be.at.least(deletedAsOfMs);
  });
});
