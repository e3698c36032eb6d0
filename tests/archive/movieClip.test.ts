import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { createFile, MP4BoxBuffer } from "mp4box";
import { checkClip } from "../../archive/checkClip";
import type { PlayableRun } from "../../archive/fetchFragments";
import type { Fragment } from "../../archive/fragment";
import { matroska } from "../../archive/matroskaClip";
import { fitsMovie, movieClip } from "../../archive/movieClip";
import { checkMedia } from "../../archive/verifyMedia";
import { elementId, type Track } from "../../media/matroska";
import { clusterStart, concat, element, simpleBlock } from "../../media/matroskaWriter";
import { makeMp4Reader } from "../../media/mp4Reader";
import { avc } from "../media/support";
import { packetsOf } from "../support/ffprobe";
import { footage } from "../support/footage";
import { footageFragments, runsOf as runsOfFootage } from "./footageRun";
import { header, listed, named } from "./fragmentDocuments";

const audioTrack: Track = {
  number: 2,
  uid: 2,
  type: "audio",
  codecId: "A_AAC",
  codecPrivate: Uint8Array.of(0x11, 0x88),
  audio: { samplingHz: 48_000, channels: 1 },
};

/** The bytes of a run's clip, which `verify --deep` takes for the one that was planned. */
async function bytesOf(run: PlayableRun, write = movieClip): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of write(run)) parts.push(part);
  const bytes = concat(parts);
  expect(await deepProblem(run.fragments, write === matroska ? "mkv" : "mp4", bytes)).to.equal(undefined);
  return bytes;
}

/** What `verify --deep` says of a clip with these bytes that was made of fragments. */
async function deepProblem(fragments: Fragment[], extension: string, bytes: Uint8Array) {
  const sha256 = crypto.createHash("sha256").update(bytes).digest("hex");
  const stored = { sizeBytes: bytes.length, sha256, source: "fragments" as const };
  async function* body() {
    yield bytes;
  }
  return checkMedia(body(), stored, { key: `clip.${extension}`, fragments });
}

/** Runs of fragments with these Clusters, each under a header of these tracks, 100 ms apart. */
const runsOf = (tracks: Track[], ...clusters: Uint8Array[][]) =>
  runsOfFootage(
    listed(clusters.length).map((fragment, index) => ({
      fragment,
      document: concat([
        header(...tracks),
        named(fragment.fragmentNumber),
        clusterStart(7),
        ...clusters[index]!,
      ]),
    })),
  );
const onlyRun = async (...given: Parameters<typeof runsOf>): Promise<PlayableRun> =>
  (await runsOf(...given))[0]!;

const frame = (track: number, relativeTimecode: number, text = "frame", keyframe = true) =>
  simpleBlock({ track, relativeTimecode, keyframe, frame: Buffer.from(text, "latin1") });
/** Two frames of 3 and 4 bytes in one block (Xiph lacing). */
const laced = (track: number) =>
  element(
    elementId.simpleBlock,
    concat([Uint8Array.of(0x80 | track, 0, 0, 0x82, 1, 3), Buffer.from("onetwo!")]),
  );

/** Samples as mp4box reads them, late starts of tracks included: track, milliseconds and text, in file order. */
function samplesOf(file: Uint8Array): string[] {
  const parsed = createFile();
  parsed.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(file).buffer, 0));
  parsed.flush();
  const { timescale, tracks } = parsed.getInfo();
  return tracks
    .flatMap(({ id, edits = [] }) => {
      const [first] = edits;
      const startMs = first?.media_time === -1 ? (first.segment_duration * 1000) / timescale : 0;
      return parsed.getTrackSamplesInfo(id).map((sample) => ({ ...sample, startMs }));
    })
    .sort((a, b) => a.offset - b.offset)
    .map(({ track_id, cts, startMs, offset, size }) => {
      const text = Buffer.from(file.subarray(offset, offset + size)).toString("latin1");
      return `${track_id} ${startMs + cts / 90} ${text}`;
    });
}

describe("a clip of fragments", () => {
  let folder: string;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "movie-clip-"));
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  /** Every coded frame as ffprobe reads it, in the order of its track, timed from the first that is shown. */
  function framesOf(file: string): Record<"video" | "audio", string[]> {
    const packets = packetsOf(file);
    const startMs = Math.min(...packets.map(({ ptsMs }) => ptsMs));
    const list = (kind: string) =>
      packets
        .filter(({ codecType }) => codecType === kind)
        .map(({ ptsMs, isKeyframe, hash }) => `${(ptsMs - startMs).toFixed(2)} ${isKeyframe} ${hash}`);
    return { video: list("video"), audio: list("audio") };
  }

  async function stored(run: PlayableRun, write: typeof movieClip): Promise<string> {
    const file = path.join(folder, "clip");
    fs.writeFileSync(file, await bytesOf(run, write));
    return file;
  }

  const names = [
    "garden.mkv",
    "clock.mkv",
    "talk-h264-aac.mkv",
    "kvs-getmedia-h264.mkv",
    "kvs-clusters-h264.mkv",
  ];
  for (const name of names) {
    for (const restarts of [false, true]) {
      for (const write of [movieClip, matroska]) {
        it(`shows ffprobe every frame of ${name} at its time (${write.name}, timecodes ${restarts ? "restart" : "go on"})`, async () => {
          const [run, ...others] = await runsOfFootage(footageFragments(name, { restarts }));

          const frames = framesOf(await stored(run!, write));

          expect(others).to.deep.equal([]);
          expect(frames).to.deep.equal(framesOf(footage(name)));
        });
      }
    }
  }

  it("has pictures that are shown in another order than they are sent", () => {
    const { video } = framesOf(footage("garden.mkv"));

    const times = video.map((line) => Number(line.split(" ")[0]));
    expect(times).to.not.deep.equal([...times].sort((a, b) => a - b));
  });

  for (const name of ["garden.mkv", "clock.mkv"]) {
    it(`is what the plan of ${name} asks for`, async () => {
      const [run] = await runsOfFootage(footageFragments(name, { restarts: true }).slice(1, -1));
      const reader = makeMp4Reader();

      reader.push(await bytesOf(run!));

      expect(checkClip(run!.fragments, reader.end())).to.equal(undefined);
    });
  }

  it("keeps the hole where a fragment is missing", async () => {
    const given = footageFragments("garden.mkv").slice(1, 4);
    const all = samplesOf(await bytesOf((await runsOfFootage(given))[0]!));
    const [, hole] = given;

    const [run] = await runsOfFootage(given.filter((one) => one !== hole));

    const samples = samplesOf(await bytesOf(run!));
    expect(samples).to.have.length.below(all.length);
    expect(all).to.include.members(samples);
  });

  for (const write of [movieClip, matroska]) {
    it(`is in time where fragments are not in the order of their producer timestamps (${write.name})`, async () => {
      const given = footageFragments("garden.mkv", { restarts: true }).slice(1, 4);
      const [inOrder] = await runsOfFootage(given);
      const [run] = await runsOfFootage([given[2]!, given[0]!, given[1]!]);

      const frames = framesOf(await stored(run!, write));

      const expected = framesOf(await stored(inOrder!, write));
      expect(frames.video).to.have.members(expected.video);
      expect(frames.audio).to.have.members(expected.audio);
    });
  }

  it("keeps damaged frames as they are", async () => {
    const damaged = `${String.fromCharCode(0, 0, 255, 255)}a NAL unit longer than its frame`;
    const run = await onlyRun([avc], [frame(1, 0), frame(1, 40, damaged, false), frame(1, 80, "", false)]);

    const fits = fitsMovie(run);

    expect(fits).to.equal(true);
    expect(samplesOf(await bytesOf(run))).to.deep.equal(["1 0 frame", `1 40 ${damaged}`, "1 80 "]);
  });

  it("begins with the earliest frame where a camera dates one ahead of its Cluster", async () => {
    const run = await onlyRun([avc, audioTrack], [frame(1, 0), frame(2, -21)], [frame(1, 0), frame(2, 5)]);

    const samples = samplesOf(await bytesOf(run));

    expect(samples).to.deep.equal(["1 21 frame", "2 0 frame", "1 121 frame", "2 126 frame"]);
  });

  it("times the frames of a lace by the track's duration", async () => {
    const track = { ...audioTrack, defaultDurationNs: 20_000_000 };
    const run = await onlyRun([track], [laced(2)]);

    const fits = fitsMovie(run);

    expect(fits).to.equal(true);
    expect(samplesOf(await bytesOf(run))).to.deep.equal(["1 0 one", "1 20 two!"]);
  });

  const pictures = [frame(1, 0), ...[20, 40, 60, 80].map((atMs) => frame(1, atMs, "frame", false))];
  const sound = [0, 20, 40, 60, 80].map((atMs) => frame(2, atMs));
  const unlike: { what: string; tracks: Track[]; clusters: Uint8Array[][] }[] = [
    { what: "sound alone", tracks: [audioTrack], clusters: [sound, sound, sound] },
    {
      what: "sound that is dated ahead of the first picture",
      tracks: [avc, audioTrack],
      clusters: [[frame(2, -13), ...pictures], pictures, pictures],
    },
    {
      what: "sound that is dated ahead of a later picture",
      tracks: [avc, audioTrack],
      clusters: [pictures, [frame(2, -13), ...pictures], pictures],
    },
    {
      what: "a fragment that begins without a key frame",
      tracks: [avc],
      clusters: [pictures, [frame(1, 0, "frame", false), frame(1, 50, "frame", false)], pictures],
    },
    {
      what: "first frames behind the begin of their fragments",
      tracks: [avc],
      clusters: [[frame(1, 30)], [frame(1, 60)], [frame(1, 10), frame(1, 90)]],
    },
    {
      what: "one frame a fragment",
      tracks: [avc],
      clusters: [[frame(1, 0)], [frame(1, 0)], [frame(1, 0)]],
    },
  ];
  for (const { what, tracks, clusters } of unlike) {
    for (const write of [movieClip, matroska]) {
      it(`is what was planned with ${what}, and is not without one of its fragments (${write.name})`, async () => {
        const extension = write === matroska ? "mkv" : "mp4";
        const run = await onlyRun(tracks, ...clusters);

        const whole = await bytesOf(run, write);

        for (const missing of run.fragments) {
          const isThere = (_: unknown, index: number) => run.fragments[index] !== missing;
          const rest = { fragments: run.fragments.filter(isThere), media: run.media.filter(isThere) };
          const problem = await deepProblem(run.fragments, extension, await bytesOf(rest, write));
          expect(problem, missing.fragmentNumber).to.match(/^expected fragment|^has 2 Clusters/);
        }
        expect(whole).to.have.length.above(0);
      });
    }
  }

  it("is what was planned where the movie begins long before its earliest fragment, and with a hole", async () => {
    const run = await onlyRun([avc, audioTrack], [frame(2, -300), frame(1, 0)], [frame(1, 0)]);
    run.fragments[1]!.producerMs += 1500;

    const samples = samplesOf(await bytesOf(run));

    expect(samples).to.deep.equal(["2 0 frame", "1 300 frame", "1 1900 frame"]);
    await bytesOf(run, matroska);
  });

  it("is two where the codec changes, each with all of its frames", async () => {
    const changed = { ...avc, codecPrivate: Uint8Array.of(...avc.codecPrivate!, 0) };
    const [first] = await runsOf([avc], [frame(1, 0, "one")]);
    const [second] = await runsOf([changed], [frame(1, 0, "two")]);

    const clips = await Promise.all([first!, second!].map((run) => bytesOf(run)));

    expect(clips.map(samplesOf)).to.deep.equal([["1 0 one"], ["1 0 two"]]);
  });

  const day = 86_400_000;
  const refused: { what: string; tracks: Track[]; clusters: Uint8Array[][] }[] = [
    { what: "of another codec", tracks: [{ ...avc, codecId: "V_VP9" }], clusters: [[frame(1, 0)]] },
    {
      what: "without set-up data",
      tracks: [{ ...avc, codecPrivate: undefined }],
      clusters: [[frame(1, 0)]],
    },
    {
      what: "with set-up data that starts with a start code",
      tracks: [{ ...avc, codecPrivate: Uint8Array.of(0, 0, 0, 1, 0x67, 0x4d, 0x40) }],
      clusters: [[frame(1, 0)]],
    },
    {
      what: "of two cameras",
      tracks: [avc, { ...avc, number: 2, uid: 2 }],
      clusters: [[frame(1, 0), frame(2, 0)]],
    },
    {
      what: "with a third kind of track",
      tracks: [avc, { number: 3, uid: 3, type: "other", codecId: "S_TEXT/UTF8" }],
      clusters: [[frame(1, 0), frame(3, 0)]],
    },
    {
      what: "with frames of a track that is not described",
      tracks: [avc],
      clusters: [[frame(1, 0), frame(2, 0)]],
    },
    { what: "with frames in a lace that have no time", tracks: [audioTrack], clusters: [[laced(2)]] },
  ];
  for (const { what, tracks, clusters } of refused) {
    it(`stays Matroska ${what}, with every byte of its blocks`, async () => {
      const run = await onlyRun(tracks, ...clusters);

      const fits = fitsMovie(run);

      expect(fits).to.equal(false);
      const mkv = Buffer.from(await bytesOf(run, matroska));
      for (const block of clusters.flat()) expect(mkv.includes(Buffer.from(block))).to.equal(true);
    });
  }

  it("stays Matroska where a clock jumped so far that MP4 cannot say it", async () => {
    const run = await onlyRun([avc], [frame(1, 0)], [frame(1, 0)]);
    const [first, second] = run.fragments;

    const fits = fitsMovie({
      ...run,
      fragments: [first!, { ...second!, producerMs: first!.producerMs + day }],
    });

    expect(fits).to.equal(false);
  });
});
