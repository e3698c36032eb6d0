import { expect } from "chai";
import { archiveStream } from "../../archive/archiveStream";
import type { Fragment } from "../../archive/fragment";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { type MemoryStream, memorySource, memoryVault } from "./memoryPorts";

const T0 = Date.UTC(2026, 10, 22, 14, 3, 0);
const MINUTE = 60_000;

/** Fragments of two seconds from T0, with numbers as long as the service's. */
const fragments = (count: number, first = 0): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(91343852333181432392682062628987829494n + BigInt(first + index)),
    serverMs: T0 + (first + index) * 2000 + 125,
    producerMs: T0 + (first + index) * 2000,
    durationMs: 2000,
    sizeBytes: 1000,
  }));

function setUp(stream: Partial<MemoryStream> = {}) {
  const kept: MemoryStream = { fragments: fragments(90), createdMs: T0 - MINUTE, ...stream };
  const vault = memoryVault();
  const round = (nowMs: number, more: Partial<Parameters<typeof archiveStream>[0]> = {}) =>
    archiveStream({
      source: memorySource(kept),
      vault,
      prefix: "derby/",
      clipMs: MINUTE,
      nowMs,
      final: false,
      tags: { stack: "lastframe/dev", stream: "gate" },
      mayGoOn: () => true,
      ...more,
    });
  const held = () => [...vault.objects.values()].flatMap(({ bytes }) => bytes.toString().split(" "));
  return { kept, vault, round, held };
}

const numbers = (list: Fragment[]) => list.map(({ fragmentNumber }) => fragmentNumber);

describe("a round of archiving", () => {
  it("begins with the earliest fragment held, before any alarm rang", async () => {
    const { round, held } = setUp();

    const { clips, hasBacklog } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([30, 30, 30]);
    expect(hasBacklog).to.equal(false);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("goes on after the last clip, and leaves the open cell for later unless it is the last", async () => {
    const { round, held } = setUp({ fragments: fragments(75) });

    await round(T0 + MINUTE + 30_000);
    const afterOne = held().length;
    await round(T0 + 2 * MINUTE + 30_000);
    const afterTwo = held().length;
    await round(T0 + 2 * MINUTE + 31_000, { final: true });

    expect([afterOne, afterTwo]).to.deep.equal([30, 60]);
    expect(held()).to.deep.equal(numbers(fragments(75)));
  });

  it("adds nothing when it runs again, or twice at once", async () => {
    const { round, vault, held } = setUp();

    await Promise.all([round(T0 + 10 * MINUTE), round(T0 + 10 * MINUTE)]);
    const again = await round(T0 + 10 * MINUTE);

    expect(vault.objects.size).to.equal(3);
    expect(again.clips).to.deep.equal([]);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("finds where it was although the camera's clock jumped back and keys no longer sort by ingestion", async () => {
    const jumped = fragments(90).map((fragment, index) =>
      index < 30 ? fragment : { ...fragment, producerMs: fragment.producerMs - 86_400_000 },
    );
    const { round, vault, held } = setUp({ fragments: jumped });

    await round(T0 + 2 * MINUTE + 30_000);
    await round(T0 + 3 * MINUTE + 30_000);

    expect(vault.objects.size).to.equal(3);
    expect(held().sort()).to.deep.equal(numbers(jumped).sort());
  });

  it("finds what followed the last clip though another server's clock stamped it a little earlier", async () => {
    const { kept, round } = setUp({ fragments: fragments(30) });
    await round(T0 + MINUTE + 30_000);

    const next = fragments(60).slice(30);
    kept.fragments = [...fragments(30), ...next.map((one) => ({ ...one, serverMs: one.serverMs - 2005 }))];
    const { clips } = await round(T0 + 10 * MINUTE);

    // The first of them lies before the end of the last clip, so it is fetched by its number.
    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([1, 29]);
  });

  it("takes a stream made anew under an old name for another, though its numbers count from below", async () => {
    const { kept, round, held } = setUp({ fragments: fragments(30, 100) });
    await round(T0 + 10 * MINUTE);

    kept.fragments = fragments(30, 10).map((fragment) => ({
      ...fragment,
      serverMs: fragment.serverMs + 60 * MINUTE,
    }));
    kept.createdMs = T0 + 30 * MINUTE;
    await round(T0 + 90 * MINUTE);

    expect(held()).to.have.members([...numbers(fragments(30, 100)), ...numbers(fragments(30, 10))]);
  });

  it("stops when it may not go on, and says that more is due", async () => {
    const { round } = setUp();

    const { clips, hasBacklog } = await round(T0 + 10 * MINUTE, { mayGoOn: (clipCount) => clipCount < 2 });

    expect(clips).to.have.length(2);
    expect(hasBacklog).to.equal(true);
  });

  it("names a clip by its first frame's time and its list, and says in its metadata what it holds", async () => {
    const { round, vault } = setUp({ fragments: fragments(30) });

    await round(T0 + 10 * MINUTE);

    const [[key, object] = []] = [...vault.objects];
    expect(key).to.match(
      /^derby\/clips\/stream=gate\/date=2026-11-22\/hour=14\/20261122T140300\.000Z-[0-9a-f]{8}\.mp4$/,
    );
    expect(object?.contentType).to.equal("video/mp4");
    expect(object?.tags).to.deep.equal({ stack: "lastframe/dev", stream: "gate" });
    expect(object?.metadata).to.include({
      "first-fragment": numbers(fragments(30))[0],
      "last-fragment": numbers(fragments(30))[29],
      "fragment-count": "30",
      "duration-ms": "60000",
    });
  });

  it("keeps as Matroska what GetClip refuses, in order and on producer time, whatever order it arrives in", async () => {
    const { round, vault } = setUp({ fragments: fragments(3), refuse: "InvalidMediaFrameException" });

    const { clips } = await round(T0 + 10 * MINUTE);

    const events = makeMatroskaReader().push(
      vault.objects.get(clips[0]?.key ?? "")?.bytes ?? Buffer.alloc(0),
    );
    const timecodes = events.flatMap((event) => (event.kind === "cluster" ? [event.timecode] : []));
    const frames = events.flatMap((event) =>
      event.kind === "block" ? [Buffer.from(event.frames[0] ?? []).toString()] : [],
    );
    expect(clips[0]?.key).to.match(/\.mkv$/);
    expect(timecodes).to.deep.equal([0, 2000, 4000]);
    expect(frames).to.deep.equal(numbers(fragments(3)).map((number) => `frame of ${number}`));
  });

  it("begins another object where the codec data changes", async () => {
    const changing = fragments(30);
    const { round } = setUp({
      fragments: changing,
      refuse: "InvalidCodecPrivateDataException",
      codecOf: (fragment) => (changing.indexOf(fragment) < 12 ? 1 : 2),
    });

    const { clips } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ fragmentCount }) => fragmentCount)).to.deep.equal([12, 18]);
  });

  it("stores nothing and fails when the service reports a fragment's failure inside a good response", async () => {
    const { round, vault } = setUp({
      fragments: fragments(3),
      refuse: "InvalidMediaFrameException",
      extraTags: () => [
        { name: "AWS_KINESISVIDEO_ERROR_CODE", value: "FRAGMENT_NOT_FOUND" },
        { name: "AWS_KINESISVIDEO_ERROR_ID", value: "3000" },
      ],
    });

    const failure = await round(T0 + 10 * MINUTE).catch((error: Error) => error.message);

    expect(failure).to.contain(
      `could not read fragment ${numbers(fragments(3))[2]}: FRAGMENT_NOT_FOUND 3000`,
    );
    expect(vault.objects.size).to.equal(0);
  });

  it("keeps as Matroska what GetClip calls a wrong argument: the range itself came from a listing", async () => {
    const { round } = setUp({ fragments: fragments(3), refuse: "InvalidArgumentException" });

    const { clips } = await round(T0 + 10 * MINUTE);

    expect(clips.map(({ key, fragmentCount }) => [key.slice(-4), fragmentCount])).to.deep.equal([
      [".mkv", 3],
    ]);
  });

  it("fails on what may pass, so that the workflow tries again, and keeps nothing as Matroska for it", async () => {
    const { round, vault } = setUp({ refuse: "ClientLimitExceededException" });

    const failure = await round(T0 + 10 * MINUTE).catch((error: Error) => error.name);

    expect(failure).to.equal("ClientLimitExceededException");
    expect(vault.objects.size).to.equal(0);
  });

  it("steps over other people's objects beside its clips", async () => {
    const { round, vault, held } = setUp();
    const foreign = { bytes: Buffer.from("x"), metadata: {}, tags: {}, contentType: "", modifiedMs: 1e15 };

    await round(T0 + 2 * MINUTE + 30_000);
    vault.objects.set("derby/clips/stream=gate/holiday.mp4", foreign);
    await round(T0 + 3 * MINUTE + 30_000);

    expect(vault.objects.size).to.equal(4);
    expect(held()).to.include.members(numbers(fragments(90)));
  });

  it("fails on an object that has a clip's name but not its metadata, and names it", async () => {
    const { round, vault } = setUp();
    await round(T0 + 10 * MINUTE);
    const [key = "", object] = [...vault.objects].at(-1) ?? [];
    if (object) object.metadata = {};

    const failure = await round(T0 + 11 * MINUTE).catch((error: Error) => error.message);

    expect(failure).to.contain(`${key} has a clip's name but not its metadata`);
  });
});
