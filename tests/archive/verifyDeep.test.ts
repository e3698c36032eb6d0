import { expect } from "chai";
import { verifyStream } from "../../archive/verify";
import type { Track } from "../../media/matroska";
import { clusterStart, concat, simpleBlock, streamHeader } from "../../media/matroskaWriter";
import { mp4Header } from "../../media/mp4Writer";
import { clipKey, handMadeArchive, type Row, rows, sha256, T0 } from "./verifyMemory";

const track: Track = {
  number: 1,
  uid: 1,
  type: "video",
  codecId: "V_MPEG4/ISO/AVC",
  codecPrivate: Uint8Array.of(1, 66, 0, 0, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 0, 1, 0, 2, 0x68, 0),
  video: { widthPixels: 64, heightPixels: 36 },
};

const frame = Buffer.from("a frame");

/** A movie of one frame per fragment. */
function mp4(fragments: Row[]): Buffer {
  const samples = fragments.map(([, , producerMs]) => ({
    sizeBytes: frame.length,
    ptsMs: producerMs - fragments[0]![2],
    keyframe: true,
  }));
  const order = samples.map((_, sample) => ({ track: 0, sample }));
  const header = mp4Header({ tracks: [{ track, samples, lastSampleDurationMs: 2000 }], order });
  return Buffer.concat([header, ...samples.map(() => frame)]);
}

/** The same as Matroska. */
function mkv(fragments: Row[]): Buffer {
  const clusters = fragments.flatMap(([, , producerMs]) => [
    clusterStart(producerMs - fragments[0]![2]),
    simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame }),
  ]);
  const header = streamHeader({ tracks: [track], muxingApp: "test", writingApp: "test" });
  return Buffer.from(concat([header, ...clusters]));
}

const verify = (archive: ReturnType<typeof handMadeArchive>, isDeep: boolean) =>
  verifyStream({ reader: archive.reader(), prefix: "derby/", streamName: "gate", isDeep, nowMs: T0 });

describe("a deep look at an archive", () => {
  const fragments = rows(0, 20);

  /** An archive of one clip with these bytes, stored as they are. */
  function archiveOf(extension: string, body: Buffer, planned = fragments) {
    const archive = handMadeArchive();
    archive.entry({ kind: "began" });
    archive.clip(planned, { key: clipKey(0, extension), body });
    return archive;
  }

  for (const [extension, make] of [
    ["mp4", mp4],
    ["mkv", mkv],
  ] as const) {
    it(`finds every fragment in a clip of ${extension}`, async () => {
      const archive = archiveOf(extension, make(fragments));

      const found = await verify(archive, true);

      expect(found.damage).to.deep.equal([]);
      expect(found.answer).to.equal("complete");
      expect(archive.reads).to.include(clipKey(0, extension));
    });

    it(`sees one altered byte of ${extension} that S3 does not know of, which a shallow look does not`, async () => {
      const archive = archiveOf(extension, make(fragments));
      archive.alter(clipKey(0, extension), (text) => text.replace("a frame", "a flame"));

      const shallow = await verify(archive, false);
      const deep = await verify(archive, true);

      expect(shallow.answer).to.equal("complete");
      expect(deep.answer).to.equal("damaged");
      expect(deep.damage[0]?.problem).to.match(
        /^has other bytes than when it was stored: SHA-256 [0-9a-f]{64}$/,
      );
    });

    for (const [title, body, problem] of [
      [
        "lacks its last fragment",
        make(fragments.slice(0, -1)),
        { mp4: /expected fragment 10 of 10/, mkv: /^has 9 Clusters, and 10/ },
      ],
      [
        "ends in the middle",
        make(fragments).subarray(0, -3),
        { mp4: /INVALID|expected|ends/i, mkv: /ends|expected/i },
      ],
      [
        "has a fragment elsewhere",
        make([...fragments.slice(0, 5), ["1", 0, T0 + 10_500, 2000, 100], ...fragments.slice(6)]),
        {
          mp4: /expected fragment 6 of 10/,
          mkv: /^has fragment 9000010 at 10500 ms, and 10000 ms was planned/,
        },
      ],
    ] as const) {
      it(`sees that a clip of ${extension}, stored as it is, ${title}`, async () => {
        const archive = archiveOf(extension, body);

        const { answer, damage } = await verify(archive, true);

        expect(answer).to.equal("damaged");
        expect(damage).to.have.length(1);
        expect(damage[0]?.problem).to.match(problem[extension]);
      });
    }
  }

  for (const [title, body, problem] of [
    ["lacks its first fragment", mp4(fragments.slice(1)), /expected fragment 10 of 10 .* at 18000 ms/],
    [
      "lacks one in the middle",
      mp4([...fragments.slice(0, 5), ...fragments.slice(6)]),
      /expected fragment 6 of 10 .* at 10000 ms, found no sample from there to 11999 ms/,
    ],
    ["lacks its last fragment", mp4(fragments.slice(0, -1)), /expected fragment 10 of 10/],
    ["ends in the middle", mp4(fragments).subarray(0, -3), /INVALID|expected|ends/i],
    [
      "has more than its fragments weigh",
      Buffer.concat([mp4(fragments), Buffer.from("\0\0\x04\x08mdat"), Buffer.alloc(1024)]),
      /expected at most the 1000 bytes of 10 fragments, found 1094 bytes of media/,
    ],
  ] as const) {
    it(`sees that a clip that was made of its fragments ${title}`, async () => {
      const archive = handMadeArchive();
      archive.entry({ kind: "began" });
      archive.clip(fragments, { key: clipKey(0), body, source: "fragments" });

      const { answer, damage } = await verify(archive, true);

      expect(answer).to.equal("damaged");
      expect(damage[0]?.problem).to.match(problem);
    });
  }

  it("sees a length and a hash that differ, where S3 states no checksum", async () => {
    const archive = archiveOf("mp4", mp4(fragments));
    const [version] = archive.objects.get(clipKey(0))!.versions;
    version!.checksum = undefined;
    version!.bytes = mp4(fragments);
    version!.bytes[version!.bytes.length - 1]! ^= 1;

    const { damage } = await verify(archive, true);

    expect(damage[0]?.problem).to.contain(sha256(version!.bytes).toString("hex"));
  });
});
