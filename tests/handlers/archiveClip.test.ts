import { expect } from "chai";
import type { Fragment } from "../../archive/fragment";
import { makeArchiveClip } from "../../handlers/archiveClip";
import { clipsIn, memorySource, memoryVault } from "../archive/memoryPorts";

const T0 = Date.UTC(2026, 10, 22, 14, 0, 0);
const CLIP_SECONDS = 10;

/** Fragments that fill a cell of the grid each. */
const fragments = (count: number): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(1000 + index),
    serverMs: T0 + index * 10_000,
    producerMs: T0 + index * 10_000,
    durationMs: 10_000,
    sizeBytes: 1000,
  }));

function setUp(count: number) {
  const vault = memoryVault();
  const archiveClip = makeArchiveClip({
    openStream: () => memorySource({ fragments: fragments(count), createdMs: T0 - 1 }),
    vault,
    prefix: "derby/",
    stack: "lastframe/dev",
  });
  const request = {
    streamName: "gate",
    clipSeconds: CLIP_SECONDS,
    now: new Date(T0 + 3_600_000).toISOString(),
  };
  return { vault, archiveClip, request };
}

/** A Lambda context of which this much time is left at each look. */
const timeLeft = (...leftMs: number[]) => ({
  getRemainingTimeInMillis: () => (leftMs.length > 1 ? leftMs.shift() : leftMs[0]) as number,
});

describe("ArchiveClip", () => {
  it("stops when half of its time is spent, and says that more is due", async () => {
    const { archiveClip, request } = setUp(5);

    const { clips, hasBacklog } = await archiveClip(request, timeLeft(900_000, 899_000, 451_000, 449_000));

    expect(clips).to.have.length(2);
    expect(hasBacklog).to.equal(true);
  });

  it("stores a long backlog in rounds whose answers Step Functions can carry", async () => {
    const { archiveClip, request, vault } = setUp(250);

    const rounds = [];
    for (let round = 0; round < 3; round += 1)
      rounds.push(await archiveClip(request, timeLeft(900_000, 899_000)));

    expect(rounds.map(({ clips }) => clips.length)).to.deep.equal([100, 100, 50]);
    expect(rounds.map(({ hasBacklog }) => hasBacklog)).to.deep.equal([true, true, false]);
    expect(clipsIn(vault)).to.have.length(250);
  });
});
