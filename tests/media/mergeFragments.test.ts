import { expect } from "chai";
import { elementId, type MatroskaEvent } from "../../media/matroska";
import { concat, element, simpleBlock } from "../../media/matroskaWriter";
import { mkvCluster, mkvHeader } from "../../media/mergeFragments";
import { dataHash, footageBytes, framesOf, ofKind, probe, readAll } from "./support";

/** The events of each fragment of a GetMedia response, from its EBML header on. */
function fragmentsOf(events: MatroskaEvent[]): MatroskaEvent[][] {
  const starts = events.flatMap((event, index) => (event.kind === "ebml" ? [index] : []));
  return starts.map((start, index) => events.slice(start, starts[index + 1]));
}

describe("merged fragments", () => {
  it("are one file in which ffprobe finds all frames of a GetMedia response, and nothing to complain about", () => {
    const events = readAll(footageBytes("kvs-getmedia-h264.mkv"));
    const fragments = fragmentsOf(events);
    const tracks = ofKind(events, "tracks")[0]!.bytes;

    const merged = concat([
      mkvHeader(tracks, 1_000_000),
      ...fragments.map((fragment, index) => mkvCluster(fragment, 2000 * index)),
    ]);

    const packets = probe(merged).packets;
    expect(fragments.length).to.equal(5);
    expect(packets.map((packet) => packet.data_hash)).to.deep.equal(
      framesOf(events).map((frame) => dataHash(frame.bytes)),
    );
  });

  it("stand where they are told to, whatever the producer's timecodes were", () => {
    const fragments = fragmentsOf(readAll(footageBytes("kvs-getmedia-h264.mkv")));
    const [second] = fragments.slice(1, 2);
    const tracks = ofKind(second!, "tracks")[0]!.bytes;

    const merged = concat([mkvHeader(tracks, 1_000_000), mkvCluster(second!, 70_000)]);

    const shown = probe(merged).packets.map((packet) => Math.round(Number(packet.pts_time) * 1000));
    expect(shown).to.deep.equal(framesOf(second!).map((frame) => frame.timecode - 2000 + 70_000));
  });

  it("keep what belongs to the frames and drop what described the old Cluster", () => {
    const block = simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame: Uint8Array.of(1) });
    const outdated = [elementId.crc32, elementId.position, elementId.prevSize, elementId.void];
    const silentTracks = {
      kind: "clusterElement" as const,
      offset: 0,
      id: 0x5854,
      bytes: element(0x5854, block),
    };
    const fragment: MatroskaEvent[] = [
      { kind: "cluster", offset: 0, bytes: new Uint8Array(12), timecode: 77 },
      ...[...outdated, elementId.timecode].map((id) => ({
        kind: "clusterElement" as const,
        offset: 0,
        id,
        bytes: element(id, Uint8Array.of(77)),
      })),
      silentTracks,
      { kind: "block", offset: 0, bytes: block, track: 1, relativeTimecode: 0, keyframe: true, frames: [] },
    ];

    const written = mkvCluster(fragment, 5);

    const timecode = element(elementId.timecode, Uint8Array.of(5));
    const expected = element(elementId.cluster, concat([timecode, silentTracks.bytes, block]));
    expect(written).to.deep.equal(expected);
  });
});
