import { expect } from "chai";
import { changeClaim } from "../../archive/claim";
import { makeArchiveClip } from "../../handlers/archiveClip";
import { clipsIn, memorySource, memoryVault } from "../archive/memoryPorts";
import { fragments, T0 } from "./fragments";

/** Every fragment fills a cell of the grid. */
const CLIP_SECONDS = 10;

async function setUp(count: number) {
  const vault = memoryVault();
  const events: string[] = [];
  const archiveClip = makeArchiveClip({
    openStream: () => memorySource({ fragments: fragments(count), createdMs: T0 - 1 }),
    vault,
    prefix: "derby/",
    stack: "lastframe/dev",
    announce: async ({ stream }, { type }) => void events.push(`${stream}: ${type}`),
  });
  const request = {
    streamName: "gate",
    clipSeconds: CLIP_SECONDS,
    now: new Date(T0 + 3_600_000).toISOString(),
    execution: "one",
    isAlarmOn: true,
    handsOver: false,
  };
  const target = { vault, prefix: "derby/", streamName: "gate", nowMs: T0 };
  await changeClaim(target, () => "one");
  const claim = () => JSON.parse(vault.objects.get("derby/claims/gate.json")?.bytes.toString() ?? "{}");
  return { vault, archiveClip, request, claim, events };
}

/** A Lambda context of which this much time is left at each look. */
const timeLeft = (...leftMs: number[]) => ({
  getRemainingTimeInMillis: () => (leftMs.length > 1 ? leftMs.shift() : leftMs[0]) as number,
});

describe("ArchiveClip", () => {
  it("stops when half of its time is spent, and says that more is due", async () => {
    const { archiveClip, request } = await setUp(5);

    const { clips, hasBacklog } = await archiveClip(request, timeLeft(900_000, 899_000, 451_000, 449_000));

    expect(clips).to.have.length(2);
    expect(hasBacklog).to.equal(true);
  });

  it("stores a long backlog in rounds whose answers Step Functions can carry", async () => {
    const { archiveClip, request, vault } = await setUp(250);

    const rounds = [];
    for (let round = 0; round < 3; round += 1)
      rounds.push(await archiveClip(request, timeLeft(900_000, 899_000)));

    expect(rounds.map(({ clips }) => clips?.length)).to.deep.equal([100, 100, 50]);
    expect(rounds.map(({ hasBacklog }) => hasBacklog)).to.deep.equal([true, true, false]);
    expect(clipsIn(vault)).to.have.length(250);
  });

  it("does nothing when another execution holds the claim", async () => {
    const { archiveClip, request, vault, claim } = await setUp(5);

    const answer = await archiveClip({ ...request, execution: "two" }, timeLeft(900_000));

    expect(answer).to.deep.equal({ hasBacklog: false, isDuplicate: true, isDone: false, successor: "" });
    expect(clipsIn(vault)).to.deep.equal([]);
    expect(claim().holder).to.equal("one");
  });

  it("renews its claim in every round, and releases it when the alarm is silent and the recording is closed", async () => {
    const { archiveClip, request, claim, events } = await setUp(2);

    const ringing = await archiveClip(request, timeLeft(900_000));
    const renewed = claim();
    const silent = await archiveClip({ ...request, isAlarmOn: false }, timeLeft(900_000));

    expect([ringing.isDone, silent.isDone]).to.deep.equal([false, true]);
    expect(renewed).to.deep.equal({ holder: "one", generation: 1, renewedAt: request.now });
    expect(claim()).to.deep.equal({ holder: "", generation: 1, renewedAt: request.now });
    expect(events).to.deep.equal([
      "gate: Recording Opened",
      "gate: Clip Archived",
      "gate: Clip Archived",
      "gate: Recording Closed",
    ]);
  });

  it("passes its claim on to a name of the next generation when it is to hand over", async () => {
    const { archiveClip, request, claim } = await setUp(2);

    const { successor, ...rest } = await archiveClip({ ...request, handsOver: true }, timeLeft(900_000));

    // The workflow reads all of these, and fails where one is not there.
    expect(rest).to.deep.equal({ hasBacklog: false, isDuplicate: false, isDone: false });
    expect(successor).to.match(/^gate-[0-9a-f]{8}-2$/);
    expect(claim()).to.deep.equal({ holder: successor, generation: 2, renewedAt: request.now });
  });

  it("is done with a stream that was deleted, once its alarm is silent", async () => {
    const { request, vault } = await setUp(0);
    const gone = async () => {
      throw Object.assign(new Error("no such stream"), { name: "ResourceNotFoundException" });
    };
    const source = memorySource({ fragments: [], createdMs: T0 });
    const archiveClip = makeArchiveClip({
      openStream: () => ({ ...source, describe: gone }),
      vault,
      prefix: "derby/",
      stack: "lastframe/dev",
      announce: async () => undefined,
    });

    const { isDone } = await archiveClip({ ...request, isAlarmOn: false }, timeLeft(900_000));

    expect(isDone).to.equal(true);
  });
});
