import * as fs from "node:fs";
import { GetClipCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { expect } from "chai";
import * as fc from "fast-check";
import { checkClip } from "../../archive/checkClip";
import type { Fragment } from "../../archive/fragment";
import { clusterStart, concat } from "../../media/matroskaWriter";
import { type Mp4SampleRun, type Mp4Summary, makeMp4Reader } from "../../media/mp4Reader";
import { openFootage } from "../../producer/footage";
import { piecesOf, headerOf as producerHeader } from "../../producer/stream";
import { putAll } from "../local/kinesisVideo/producer";
import {
  allFragments,
  createStream,
  type ServedKinesisVideo,
  serveKinesisVideo,
} from "../local/kinesisVideo/service";
import { block, headerOf, START_MS, videoTrack } from "../local/kinesisVideo/streamBytes";
import { footage, hasFootage } from "../support/footage";

/** What a camera filmed: when each fragment's frames begin, the first of which is a key frame, and how long they last. */
interface Filmed {
  startMs: number;
  frameMs: number[];
  /** Sound in samples of 10 ms that begins so much ahead of the first frame. */
  soundAheadMs?: number;
}

const lengthMs = ({ frameMs }: Filmed) => frameMs.reduce((sum, ms) => sum + ms, 0);
const BYTES_PER_FRAME = 1000;
const CONTAINER_BYTES_PER_FRAME = 8;

/** As ListFragments would describe it, with or without the last frame in its length. */
function listed(filmed: Filmed[], leavesOutLastFrame = false): Fragment[] {
  return filmed.map((fragment, index) => ({
    fragmentNumber: String(9000 + index),
    serverMs: START_MS + fragment.startMs + 200,
    producerMs: START_MS + fragment.startMs - (fragment.soundAheadMs ?? 0),
    durationMs:
      lengthMs(fragment) +
      (fragment.soundAheadMs ?? 0) -
      (leavesOutLastFrame ? (fragment.frameMs.at(-1) ?? 0) : 0),
    sizeBytes: fragment.frameMs.length * (BYTES_PER_FRAME + CONTAINER_BYTES_PER_FRAME),
  }));
}

/** The movie of it, which begins with its first sample. */
function movieOf(filmed: Filmed[], { isAllIntra = false } = {}): Mp4Summary {
  const originMs = (filmed[0]?.startMs ?? 0) - (filmed[0]?.soundAheadMs ?? 0);
  const video = filmed.flatMap(({ startMs, frameMs }) => {
    let ptsMs = startMs - originMs;
    return frameMs.map((durationMs, index): Mp4SampleRun => {
      const run = { ptsMs, durationMs, sampleCount: 1, keyframe: isAllIntra || index === 0 };
      ptsMs += durationMs;
      return run;
    });
  });
  const sound = filmed.flatMap((fragment): Mp4SampleRun[] => {
    if (fragment.soundAheadMs === undefined) return [];
    const ptsMs = fragment.startMs - fragment.soundAheadMs - originMs;
    const sampleCount = Math.floor(lengthMs(fragment) / 10);
    return [{ ptsMs, durationMs: 10, sampleCount, keyframe: true }];
  });
  const track = (type: "video" | "audio", codec: string, runs: Mp4SampleRun[]) => ({
    ...{ type, codec, runs },
    sampleCount: runs.length,
    sizeBytes: type === "video" ? runs.length * BYTES_PER_FRAME : 0,
  });
  const tracks = [
    track("video", "avc1", video),
    ...(sound.length > 0 ? [track("audio", "mp4a", sound)] : []),
  ];
  return {
    tracks,
    mediaBytes: video.length * BYTES_PER_FRAME,
    durationMs: Math.max(...[...video, ...sound].map((run) => run.ptsMs + run.sampleCount * run.durationMs)),
  };
}

/** `count` fragments of two seconds at 25 frames per second. */
const steady = (count: number): Filmed[] =>
  Array.from({ length: count }, (_, index) => ({
    startMs: index * 2000,
    frameMs: Array.from({ length: 50 }, () => 40),
  }));
const without = <Item>(items: Item[], ...indexes: number[]) =>
  items.filter((_, index) => !indexes.includes(index));

describe("the check of a clip", () => {
  const six = steady(6);

  it("has nothing to say of the clip that was planned", () => {
    expect(checkClip(listed(six), movieOf(six))).to.equal(undefined);
    expect(checkClip(listed(six, true), movieOf(six))).to.equal(undefined);
  });

  const shifted = (byMs: number): Mp4Summary => {
    const movie = movieOf(six);
    const runs = movie.tracks[0]?.runs.map((run) =>
      run.ptsMs === 4000 ? { ...run, ptsMs: 4000 + byMs } : run,
    );
    return { ...movie, tracks: [{ ...movie.tracks[0]!, runs: runs! }] };
  };
  const differing: [what: string, fragments: Fragment[], movie: Mp4Summary, said: string][] = [
    [
      "was cut off behind a fragment",
      listed(six),
      movieOf(six.slice(0, 4)),
      "expected fragment 5 of 6 (9004) to begin at 8000 ms, found the next sample at no time",
    ],
    [
      "was cut off within the last fragment",
      listed(six),
      movieOf([...six.slice(0, 5), { startMs: 10_000, frameMs: [40, 40] }]),
      "expected the movie to end with fragment 6 of 6 (9005) at 12000 ms, give or take a frame of 40 ms, found its end at 10080 ms",
    ],
    [
      "lacks a fragment in the middle",
      listed(six),
      movieOf(without(six, 2)),
      "expected fragment 3 of 6 (9002) to begin at 4000 ms, found the next sample at 6000 ms",
    ],
    [
      "lacks the first fragment",
      listed(six),
      movieOf(without(six, 0)),
      "expected fragment 6 of 6 (9005) to begin at 10000 ms, found the next sample at 10040 ms".replace(
        "10040 ms",
        "no time",
      ),
    ],
    [
      "has a fragment more in the middle",
      listed(six).filter((_, index) => index !== 2),
      movieOf(six),
      "expected no picture between the end of fragment 2 of 5 (9001) at 4000 ms and the next, found one at 4040 ms",
    ],
    [
      "has a fragment more at the end",
      listed(six).slice(0, 5),
      movieOf(six),
      "expected the movie to end with fragment 5 of 5 (9004) at 10000 ms, give or take a frame of 40 ms, found its end at 12000 ms",
    ],
    [
      "shows a fragment later than planned",
      listed(six),
      shifted(2),
      "expected fragment 3 of 6 (9002) to begin at 4000 ms, found the next sample at 4002 ms",
    ],
    [
      "has no key frame in a fragment",
      listed(six),
      movieOf([{ startMs: 0, frameMs: Array.from({ length: 100 }, () => 40) }, ...six.slice(2)]),
      "expected a video key frame of fragment 2 of 6 (9001), which begins at 2000 ms, found the next one at 4000 ms",
    ],
    [
      "is heavier than its fragments",
      listed(six),
      { ...movieOf(six), mediaBytes: 302_401 },
      "expected at most the 302400 bytes of 6 fragments, found 302401 bytes of media",
    ],
    [
      "shows nothing",
      listed(six),
      { tracks: [], mediaBytes: 0, durationMs: 0 },
      "expected fragment 1 of 6 (9000) to begin at 0 ms, found the next sample at no time",
    ],
  ];
  for (const [what, fragments, movie, said] of differing) {
    it(`says how a clip differs that ${what}`, () => {
      expect(checkClip(fragments, movie)).to.equal(said);
    });
  }

  it("lets times differ by a millisecond, for they are rounded", () => {
    for (const byMs of [-1, 1]) expect(checkClip(listed(six), shifted(byMs))).to.equal(undefined);
  });

  it("lets a fragment begin with its sound", () => {
    const filmed = six.map((fragment) => ({ ...fragment, soundAheadMs: 21 }));

    expect(checkClip(listed(filmed), movieOf(filmed))).to.equal(undefined);
    expect(checkClip(listed(filmed), movieOf(filmed.slice(0, 5)))).to.include(
      "fragment 6 of 6 (9005) to begin at 10000 ms",
    );
  });

  it("sees one picture a second too many by its weight", () => {
    const pictures = [0, 1, 2, 3].map((second): Filmed => ({ startMs: second * 1000, frameMs: [1000] }));

    const surplus = checkClip(listed(pictures.slice(0, 3)), movieOf(pictures));

    expect(surplus).to.equal("expected at most the 3024 bytes of 3 fragments, found 4000 bytes of media");
  });

  const filming = fc
    .record({
      fragments: fc.array(
        fc.record({
          frameMs: fc.array(fc.integer({ min: 20, max: 90 }), { minLength: 2, maxLength: 40 }),
          pauseMs: fc.oneof(fc.constant(0), fc.nat(1900)),
        }),
        { minLength: 2, maxLength: 12 },
      ),
      soundAheadMs: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
      leavesOutLastFrame: fc.boolean(),
    })
    .map(({ fragments, soundAheadMs, leavesOutLastFrame }) => {
      let startMs = 0;
      const filmed = fragments.map(({ frameMs, pauseMs }): Filmed => {
        const fragment = { startMs, frameMs, soundAheadMs };
        startMs += lengthMs(fragment) + pauseMs;
        return fragment;
      });
      return { filmed, leavesOutLastFrame };
    });

  it("is content with whatever was filmed, if all of it is there", () => {
    fc.assert(
      fc.property(filming, fc.boolean(), ({ filmed, leavesOutLastFrame }, isAllIntra) => {
        expect(checkClip(listed(filmed, leavesOutLastFrame), movieOf(filmed, { isAllIntra }))).to.equal(
          undefined,
        );
      }),
      { numRuns: 500 },
    );
  });

  it("notices every set of fragments that are missing behind the first", () => {
    fc.assert(
      fc.property(filming, fc.nat(), fc.nat(), ({ filmed, leavesOutLastFrame }, from, count) => {
        const first = 1 + (from % (filmed.length - 1));
        const missing = filmed
          .map((_, index) => index)
          .filter((index) => index >= first && index <= first + (count % 4));

        const said = checkClip(listed(filmed, leavesOutLastFrame), movieOf(without(filmed, ...missing)));

        expect(said).to.include(`fragment ${first + 1} of ${filmed.length}`);
      }),
      { numRuns: 500 },
    );
  });

  it("notices every fragment that was not planned", () => {
    fc.assert(
      fc.property(filming, fc.nat(), ({ filmed, leavesOutLastFrame }, which) => {
        const extra = 1 + (which % (filmed.length - 1));
        const planned = without(listed(filmed, leavesOutLastFrame), extra);

        const said = checkClip(planned, { ...movieOf(filmed), mediaBytes: 0 });

        expect(said).to.match(/^expected (no picture between the end of|the movie to end with) fragment \d+/);
      }),
      { numRuns: 500 },
    );
  });

  it("notices another take, by its times", () => {
    fc.assert(
      fc.property(filming, filming, (one, other) => {
        const starts = ({ filmed }: { filmed: Filmed[] }) => filmed.map(({ startMs }) => startMs);
        fc.pre(starts(one).some((startMs, index) => Math.abs(startMs - (starts(other)[index] ?? -9)) > 100));

        expect(checkClip(listed(one.filmed), { ...movieOf(other.filmed), mediaBytes: 0 })).to.be.a("string");
      }),
      // Once in ten thousand, two takes are alike by chance: none of these.
      { numRuns: 500, seed: 20261122 },
    );
  });
});

describe("the check of clips of GetClip", () => {
  let kinesisVideo: ServedKinesisVideo;

  beforeEach(async () => {
    kinesisVideo = await serveKinesisVideo();
    await createStream(kinesisVideo);
  });
  afterEach(() => kinesisVideo.close());

  async function fragmentsHeld(): Promise<Fragment[]> {
    const fragments = await allFragments(kinesisVideo);
    return fragments.map((fragment) => ({
      fragmentNumber: fragment.FragmentNumber ?? "",
      serverMs: fragment.ServerTimestamp?.getTime() ?? 0,
      producerMs: fragment.ProducerTimestamp?.getTime() ?? 0,
      durationMs: fragment.FragmentLengthInMilliseconds ?? 0,
      sizeBytes: fragment.FragmentSizeInBytes ?? 0,
    }));
  }

  /** The clip of the fragments from the first to the last of these, as its reader sees it. */
  async function clipOf(fragments: Fragment[]): Promise<Mp4Summary> {
    const [startMs = 0, endMs = 0] = [fragments[0]?.producerMs, fragments.at(-1)?.producerMs];
    const { Payload } = await kinesisVideo.archive.send(
      new GetClipCommand({
        StreamName: "gate",
        ClipFragmentSelector: {
          FragmentSelectorType: "PRODUCER_TIMESTAMP",
          TimestampRange: {
            StartTimestamp: new Date(startMs),
            EndTimestamp: new Date(Math.max(startMs + 1, endMs)),
          },
        },
      }),
    );
    const reader = makeMp4Reader();
    for await (const chunk of Payload as AsyncIterable<Uint8Array>) reader.push(chunk);
    return reader.end();
  }

  /** Sends these fragments of a file as our camera would. */
  async function film(file: string, isSent: (index: number) => boolean = () => true): Promise<void> {
    const { tracks, fragments } = await openFootage(() => fs.createReadStream(file));
    const parts = [producerHeader(tracks)];
    let index = 0;
    for await (const fragment of fragments) {
      if (isSent(index))
        for (const { bytes } of piecesOf(fragment, START_MS + fragment.startMs)) parts.push(bytes);
      index += 1;
    }
    await putAll(kinesisVideo.url, parts);
  }

  const recordings = [
    "clock.mkv",
    "garden.mkv",
    "talk-h264-aac.mkv",
    "kvs-clusters-h264.mkv",
    "kvs-getmedia-h264.mkv",
  ];
  for (const name of recordings.filter(hasFootage)) {
    it(`has nothing to say of any clip of ${name}, and notices each that lacks or adds a fragment`, async () => {
      await film(footage(name));
      const held = await fragmentsHeld();
      const runs = held.flatMap((_, from) =>
        [1, 2, 7, held.length].map((count) => held.slice(from, from + count)),
      );

      for (const run of runs) {
        const movie = await clipOf(run);
        const after = held[held.indexOf(run.at(-1)!) + 1];

        expect(checkClip(run, movie)).to.equal(undefined);
        if (after) expect(checkClip([...run, after], movie)).to.match(/fragment \d+ of \d+ /);
        if (run.length > 1) expect(checkClip(run.slice(0, -1), movie)).to.be.a("string");
        if (run.length > 2) expect(checkClip(without(run, 1), movie)).to.be.a("string");
        if (run.length > 1) expect(checkClip(run.slice(1), movie)).to.be.a("string");
      }
      expect(runs.length).to.be.above(12);
    });

    it(`notices a fragment of ${name} that never came, wherever it is`, async () => {
      await film(footage(name));
      const planned = await fragmentsHeld();
      const index = planned.length >> 1;
      await kinesisVideo.close();
      kinesisVideo = await serveKinesisVideo();
      await createStream(kinesisVideo);
      await film(footage(name), (one) => one !== index);

      const said = checkClip(planned, await clipOf(await fragmentsHeld()));
      expect(said).to.include(`fragment ${index + 1} of ${planned.length} `);
    });
  }

  for (const [rate, defaultDurationNs] of [
    ["one picture a second, each as long as stated", 1e9],
    ["one picture a second, of no stated length", undefined],
  ] as const) {
    for (const picturesPerFragment of [1, 2, 5]) {
      it(`has nothing to say of ${rate}, ${picturesPerFragment} to a fragment`, async () => {
        const fragmentMs = picturesPerFragment * 1000;
        const pictures = Array.from({ length: picturesPerFragment }, (_, at) => block(1, at * 1000, 4000));
        const fragments = [0, 1, 2, 3].map((index) =>
          concat([clusterStart(START_MS + index * fragmentMs), ...pictures]),
        );
        await putAll(kinesisVideo.url, [headerOf({ ...videoTrack(), defaultDurationNs }), ...fragments]);
        const held = await fragmentsHeld();

        for (const count of [1, 2, 3, 4]) {
          const movie = await clipOf(held.slice(0, count));

          expect(checkClip(held.slice(0, count), movie)).to.equal(undefined);
          if (count < 4) expect(checkClip(held.slice(0, count + 1), movie)).to.be.a("string");
          if (count > 2) expect(checkClip(held.slice(0, count - 1), movie)).to.be.a("string");
        }
      });
    }
  }
});
