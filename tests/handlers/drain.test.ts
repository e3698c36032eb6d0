import { expect } from "chai";
import type { ArchiveEvent } from "../../archive/events";
import { readText, textBody } from "../../archive/text";
import { type DrainRequest, makeDrain } from "../../handlers/drain";
import { clipsIn, type MemoryStream, memorySource, memoryVault, numbersHeld } from "../archive/memoryPorts";
import { fragments, T0 } from "./fragments";

const HOUR = 3_600_000;
const CREATED = T0 - HOUR;

/** A stream whose six fragments end at T0 + 60 s, and a clock that moves when the function waits. */
function setUp(change: Partial<MemoryStream> = {}) {
  const stream: MemoryStream = { fragments: fragments(6), createdMs: CREATED, ...change };
  const vault = memoryVault();
  const events: ArchiveEvent[] = [];
  const tagged: boolean[] = [];
  const retentions: number[] = [];
  const world = {
    nowMs: T0 + 70_000,
    isDeleted: false,
    denials: 0,
    remainingMs: 900_000,
    onPause: () => {},
    beforeEnd: async () => {},
  };
  const source = memorySource(stream);
  const throwIfDeleted = () => {
    if (world.isDeleted) throw Object.assign(new Error("none"), { name: "ResourceNotFoundException" });
  };
  const drain = makeDrain({
    openStream: () => ({
      ...source,
      describe: async () => {
        if (world.denials-- > 0) throw Object.assign(new Error("not yet"), { name: "AccessDeniedException" });
        throwIfDeleted();
        return source.describe();
      },
      list: async (...range) => {
        throwIfDeleted();
        return source.list(...range);
      },
    }),
    deletedAsOf: async () => (world.isDeleted ? world.nowMs : undefined),
    setClosed: async (_, isClosed) => void tagged.push(isClosed),
    setRetention: async (_, hours) => void retentions.push(hours),
    vault: {
      ...vault,
      putIfAbsent: async (object) => {
        if (object.contentType !== "application/json") return vault.putIfAbsent(object);
        const text = await readText(object.body);
        if (text.includes('"kind":"ended"')) await world.beforeEnd();
        return vault.putIfAbsent({ ...object, body: textBody(text) });
      },
    },
    prefix: "",
    stack: "lastframe/dev",
    announce: async (_, event) => void events.push(event),
    askTime: async () => world.nowMs,
    pause: async (ms) => {
      world.nowMs += ms;
      world.onPause();
    },
  });
  const run = (action: DrainRequest["tf"]["action"], more: Partial<DrainRequest> = {}) =>
    drain(
      {
        streamName: "gate",
        clipSeconds: 900,
        retentionHours: 24,
        abandons: false,
        tf: { action },
        ...more,
      },
      { getRemainingTimeInMillis: () => world.remainingMs },
    );
  const refusal = (...asked: Parameters<typeof run>) =>
    run(...asked).then(
      () => "no error",
      (error: Error) => `${error.name}: ${error.message}${error.stack}`,
    );
  const entries = () =>
    [...vault.objects]
      .filter(([key]) => key.startsWith(`ledger/gate/${CREATED}/`))
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([, { bytes }]) => JSON.parse(bytes.toString()));
  const kinds = () => entries().map(({ change: { kind } }) => kind);
  return { stream, vault, events, tagged, retentions, world, run, refusal, entries, kinds };
}

describe("Drain", () => {
  it("begins the ledger of a stream that is new, and lets devices in", async () => {
    const { run, kinds, tagged } = setUp({ fragments: [] });

    await run("create");

    expect(kinds()).to.deep.equal(["began"]);
    expect(tagged).to.deep.equal([false]);
  });

  it("waits for IAM to have heard of its role when it is called for the first time", async () => {
    const { run, world, kinds } = setUp({ fragments: [] });
    world.denials = 3;

    await run("create");

    expect(kinds()).to.deep.equal(["began"]);
  });

  it("archives everything before its stream is deleted, without waiting for the end of a clip, and ends the ledger without a gap", async () => {
    const { run, vault, kinds, entries, world, tagged } = setUp();

    await run("delete");

    expect(clipsIn(vault)).to.have.length(1);
    expect(numbersHeld(vault)).to.have.length(6);
    expect(kinds()).to.deep.equal(["began", "plan", "stored", "closed", "ended"]);
    expect(entries().at(-1).state.lowWaterMs).to.equal(world.nowMs);
    expect(tagged).to.deep.equal([true]);
  });

  it("waits for three minutes of silence after a camera, and shuts devices out before", async () => {
    const { run, world } = setUp();
    const beganMs = world.nowMs;

    await run("delete");

    expect(world.nowMs - (T0 + 50_000)).to.be.within(180_000, 185_000);
    expect(world.nowMs - beganMs).to.be.above(30_000);
  });

  it("waits half a minute after devices were shut out, for a fragment that one of them had begun", async () => {
    const { refusal, world, stream } = setUp();
    world.nowMs = T0 + 50_000 + 180_000;
    world.onPause = () => {
      const [late] = fragments(1, T0 + 240_000);
      if (late && stream.fragments.length === 6) stream.fragments.push(late);
    };

    expect(await refusal("delete")).to.match(/^CameraSends: /);
  });

  it("waits for nobody where nothing came for an hour", async () => {
    const { run, world, kinds } = setUp();
    world.nowMs = T0 + 2 * HOUR;

    await run("delete");

    expect(world.nowMs).to.equal(T0 + 2 * HOUR);
    expect(kinds().at(-1)).to.equal("ended");
  });

  it("refuses while a camera sends, says so, and lets devices in again", async () => {
    const { refusal, world, stream, tagged, kinds } = setUp();
    world.onPause = () => stream.fragments.push(...fragments(1, world.nowMs));

    const answer = await refusal("delete");

    expect(answer).to.equal(
      "CameraSends: gate still receives video, newest fragment at 2026-11-22T14:01:15.000Z; nothing was deleted. Stop the camera and run this again",
    );
    expect(tagged).to.deep.equal([true, false]);
    expect(kinds()).to.not.include("ended");
  });

  it("says why it refused, and lets devices in again, when nobody can say whether the stream is still there", async () => {
    const { refusal, world, stream, tagged } = setUp();
    world.onPause = () => {
      stream.fragments.push(...fragments(1, world.nowMs));
      world.denials = 1;
    };

    expect(await refusal("delete")).to.match(/^CameraSends: /);
    expect(tagged).to.deep.equal([true, false]);
  });

  it("refuses while footage cannot be archived, and says what is owed, until when it is held, why, and what to do", async () => {
    const { refusal, tagged, kinds } = setUp({ clipFailure: "ServiceUnavailable" });

    const answer = await refusal("delete");

    expect(answer).to.equal(
      "FootageOwed: 6 fragments of gate (60.0 s, the oldest of 2026-11-22T14:00:00.000Z, held until 2026-11-23T14:00:00.000Z) are acknowledged and not archived (ServiceUnavailable: no clip); nothing was deleted. Run this again; or, to give up what cannot be archived, set abandon: true for the stream and run pulumi up first (of a recording event: stop it with --abandon)",
    );
    expect(tagged).to.deep.equal([true, false]);
    expect(kinds()).to.deep.equal(["began", "plan"]);
  });

  it("stops in time for its answer to be heard", async () => {
    const { refusal, world } = setUp();
    world.remainingMs = 100_000;

    expect(await refusal("delete")).to.match(/^FootageOwed: 6 fragments/);
  });

  it("gives up what it was told to give up, and names it in the ledger and to those who listen", async () => {
    const { run, kinds, entries, events } = setUp({ clipFailure: "ServiceUnavailable" });

    await run("delete", { abandons: true });

    expect(kinds()).to.deep.equal(["began", "plan", "split", "gap", "ended"]);
    expect(entries()[2].change.lost).to.have.length(6);
    expect(events.map(({ type }) => type)).to.include("Gap Found");
  });

  it("ends the ledger of a stream that someone deleted by hand", async () => {
    const { run, world, kinds } = setUp();
    await run("create");
    world.isDeleted = true;

    await run("delete");

    expect(kinds()).to.deep.equal(["began", "gap", "ended"]);
  });

  it("looks again when someone else wrote before it ended the ledger, and is content with their end", async () => {
    const { run, world, kinds, tagged } = setUp();
    world.beforeEnd = async () => {
      world.beforeEnd = async () => {};
      await run("delete");
    };

    await run("delete");

    expect(kinds()).to.deep.equal(["began", "plan", "stored", "closed", "ended"]);
    expect(tagged).not.to.include(false);
  });

  it("is content when someone else drained the stream meanwhile, and it is gone", async () => {
    const { run, world, kinds, tagged } = setUp();
    world.beforeEnd = async () => {
      world.beforeEnd = async () => {};
      await run("delete");
      world.isDeleted = true;
    };

    await run("delete");

    expect(kinds()).to.deep.equal(["began", "plan", "stored", "closed", "ended"]);
    expect(tagged).not.to.include(false);
  });

  it("lets the life go on when the stream was not deleted in the end", async () => {
    const { run, world, stream, vault, kinds, entries } = setUp();
    await run("delete");
    world.nowMs += HOUR;
    stream.fragments.push(...fragments(3, world.nowMs - 600_000));

    await run("create");
    await run("delete");

    expect(numbersHeld(vault)).to.have.length(9);
    expect(kinds().slice(4)).to.deep.equal(["ended", "plan", "stored", "closed", "ended"]);
    expect(entries()[5].state).not.to.have.property("ended");
  });

  it("archives what a shorter retention would delete, and leaves a camera alone that sends", async () => {
    const { run, world, stream, vault, kinds, retentions } = setUp();
    world.nowMs = T0 + 5 * HOUR;
    stream.fragments.push(...fragments(2, world.nowMs - 15_000));

    await run("update", { retentionHours: 2 });

    expect(numbersHeld(vault)).to.have.length(6);
    expect(kinds()).to.not.include("ended");
    expect(retentions).to.deep.equal([2]);
  });

  it("refuses a shorter retention while that would delete what is owed, not one that keeps it", async () => {
    const { refusal, world, retentions } = setUp({ clipFailure: "ServiceUnavailable" });
    world.nowMs = T0 + 5 * HOUR;

    const [shorter, longEnough, same] = [
      await refusal("update", { retentionHours: 5 }),
      await refusal("update", { retentionHours: 7 }),
      await refusal("update", { retentionHours: 24 }),
    ];

    expect(shorter).to.match(/^FootageOwed: 6 fragments of gate/);
    expect([longEnough, same]).to.deep.equal(["no error", "no error"]);
    expect(retentions).to.deep.equal([7]);
  });

  it("gives a stream that was made anew the retention that it is to have", async () => {
    const { run, retentions } = setUp();

    await run("create", { retentionHours: 48 });

    expect(retentions).to.deep.equal([48]);
  });
});
