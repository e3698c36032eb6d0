import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import * as fc from "fast-check";
import type { MatroskaError, MatroskaEvent } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { clusterStart, concat, ebmlHeader, element, simpleBlock, tags } from "../../media/matroskaWriter";
import { bytesOf, footageBytes, header, ofKind, readAll, realFootage } from "./support";

const block = simpleBlock({ track: 1, relativeTimecode: 0, keyframe: true, frame: Uint8Array.of(1, 2, 3) });
const inCluster = concat([header, clusterStart(0)]);

/** What came out of a stream before it ended well or badly. */
function readToTheEnd(bytes: Uint8Array): { events: MatroskaEvent[]; error?: MatroskaError } {
  const reader = makeMatroskaReader();
  const events: MatroskaEvent[] = [];
  try {
    events.push(...reader.push(bytes));
    events.push(...reader.end());
    return { events };
  } catch (error) {
    const invalid = error as MatroskaError;
    if (invalid.code !== "INVALID_MATROSKA") throw error;
    return { events: [...events, ...invalid.events], error: invalid };
  }
}

function expectCutToBeNoticed(bytes: Uint8Array, whole: MatroskaEvent[], cut: number): void {
  const { events, error } = readToTheEnd(bytes.subarray(0, cut));

  const complete = error || events.at(-1)?.kind !== "clusterEnd" ? events : events.slice(0, -1);
  expect(isDeepStrictEqual(complete, whole.slice(0, complete.length)), `cut at ${cut}`).to.equal(true);
  if (error) {
    expect(error.offset).to.be.within(0, cut);
    expect(error.message).to.match(/^Invalid Matroska at byte \d+: .*ends in the middle of .*\.$/);
  }
}

describe("the Matroska reader on bad bytes", () => {
  it("says where a stream ends that is cut at any byte", () => {
    const sized = element(0x1f43b675, concat([element(0xe7, Uint8Array.of(9)), block]));
    const bytes = concat([
      inCluster,
      block,
      tags([{ name: "A", value: "b" }]),
      sized,
      header,
      clusterStart(3),
    ]);
    const whole = readAll(bytes);

    for (let cut = 0; cut <= bytes.length; cut += 1) expectCutToBeNoticed(bytes, whole, cut);
  });

  for (const name of realFootage) {
    it(`says where ${name} ends when it is cut anywhere`, () => {
      const bytes = footageBytes(name);
      const whole = readAll(bytes);

      fc.assert(
        fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (cut) =>
          expectCutToBeNoticed(bytes, whole, cut),
        ),
        { numRuns: 40 },
      );
    });

    it(`reads or refuses ${name} with damaged bytes, and does not fail otherwise`, () => {
      const start = footageBytes(name).subarray(0, 60_000);
      const damage = fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 20,
      });

      fc.assert(
        fc.property(damage, (places) => {
          const bytes = start.slice();
          for (const [at, value] of places) bytes[at] = value;

          const { events, error } = readToTheEnd(bytes);

          expect(events.length).to.be.lessThan(bytes.length);
          if (error) expect(error.message).to.match(/^Invalid Matroska at byte \d+: /);
        }),
        { numRuns: 150 },
      );
    });
  }

  it("reads or refuses whatever follows a good header", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        const { events } = readToTheEnd(concat([inCluster, garbage]));

        expect(events.length).to.be.at.least(6);
      }),
    );
  });

  const cluster = "1f43b675";
  const bad = [
    { name: "text", bytes: Buffer.from("GET / HTTP/1.1\r\n"), says: /expected an EBML header.*found/, at: 0 },
    { name: "no element ID", bytes: bytesOf("00 00"), says: /expected an element ID, found 0x0/, at: 0 },
    { name: "an ID of 5 bytes", bytes: bytesOf("08 00"), says: /expected an element ID, found 0x8/, at: 0 },
    {
      name: "a Cluster outside of a Segment",
      bytes: concat([ebmlHeader(), bytesOf(`${cluster} ff`)]),
      says: /expected a Segment \(0x18538067\), found cluster/,
      at: ebmlHeader().length,
    },
    {
      name: "a Cluster right after a second EBML header",
      bytes: concat([header, ebmlHeader(), bytesOf(`${cluster} ff`)]),
      says: /expected a Segment \(0x18538067\), found cluster/,
      at: header.length + ebmlHeader().length,
    },
    {
      name: "a Segment that ends early, after whole elements",
      bytes: concat([ebmlHeader(), bytesOf("18538067 90 ec 82 0000")]),
      says: /ends in the middle of a Segment that reaches to byte \d+, at byte/,
      at: ebmlHeader().length + 9,
    },
    {
      name: "a Cluster that ends early, after whole elements",
      bytes: concat([header, bytesOf(`${cluster} 90 e7 81 05`)]),
      says: /ends in the middle of cluster \(0x1f43b675\), at byte/,
      at: header.length,
    },
    {
      name: "a block ahead of the Timecode",
      bytes: concat([header, bytesOf(`${cluster} ff`), block]),
      says: /expected the Cluster's Timecode, found simpleBlock \(0xa3\)/,
      at: header.length + 5,
    },
    {
      name: "endless padding ahead of the Timecode",
      bytes: concat([header, bytesOf(`${cluster} ff`), element(0xec, new Uint8Array(70_000))]),
      says: /expected the Cluster's Timecode, found void/,
      at: header.length + 5,
    },
    {
      name: "a second Timecode",
      bytes: concat([inCluster, element(0xe7, Uint8Array.of(1))]),
      says: /expected one Timecode/,
      at: inCluster.length,
    },
    {
      name: "an element that outgrows its Cluster",
      bytes: concat([header, bytesOf(`${cluster} 85 e7 81 05 a3 90`)]),
      says: /expected simpleBlock \(0xa3\) to end within its parent, by byte/,
      at: header.length + 8,
    },
    {
      name: "a Cluster in a Cluster of known size",
      bytes: concat([header, bytesOf(`${cluster} 90 e7 81 05 ${cluster} 80`)]),
      says: /expected its parent to go on until byte \d+, found cluster/,
      at: header.length + 8,
    },
    {
      name: "a new document in a Segment of known size",
      bytes: concat([ebmlHeader(), bytesOf("18538067 c0"), ebmlHeader()]),
      says: /expected its parent to go on until byte \d+, found ebml/,
      at: ebmlHeader().length + 5,
    },
    {
      name: "a Cluster that ends without a Timecode",
      bytes: concat([header, bytesOf(`${cluster} 80`)]),
      says: /expected a Timecode in the Cluster before its end/,
      at: header.length + 5,
    },
    {
      name: "a block of unknown size",
      bytes: concat([inCluster, bytesOf("a3 ff")]),
      says: /expected simpleBlock \(0xa3\) of at most 67108864 bytes, found an unknown size/,
      at: inCluster.length,
    },
    {
      name: "a block without a track number",
      bytes: concat([inCluster, bytesOf("a3 82 81 00")]),
      says: /expected a block with a track number/,
      at: inCluster.length + 2,
    },
    {
      name: "laced frames longer than their block",
      bytes: concat([inCluster, bytesOf("a3 88 81 0000 02 01 64 aabb")]),
      says: /expected laced frames within their block/,
      at: inCluster.length + 8,
    },
    {
      name: "laced frames of negative size",
      bytes: concat([inCluster, bytesOf("a3 8a 81 0000 06 02 81 bd aabbcc")]),
      says: /expected laced frames within their block/,
      at: inCluster.length + 10,
    },
    {
      name: "equal laced frames that do not divide their block",
      bytes: concat([inCluster, bytesOf("a3 88 81 0000 04 01 aabbcc")]),
      says: /expected 2 laced frames of one size/,
      at: inCluster.length + 6,
    },
    {
      name: "a BlockGroup without a Block",
      bytes: concat([inCluster, bytesOf("a0 83 9b 81 05")]),
      says: /expected a Block in the BlockGroup/,
      at: inCluster.length + 2,
    },
    {
      name: "a TrackEntry without a codec",
      bytes: concat([header, bytesOf("1654ae6b 85 ae 83 d7 81 01")]),
      says: /expected a TrackEntry with a TrackNumber, a TrackType and a CodecID/,
      at: header.length + 7,
    },
    {
      name: "a TimecodeScale of zero",
      bytes: concat([header, bytesOf("1549a966 85 2ad7b1 81 00")]),
      says: /expected a TimecodeScale above zero/,
      at: header.length + 5,
    },
    {
      name: "a Timecode beyond 2^53",
      bytes: concat([header, bytesOf(`${cluster} ff e7 88 ff00000000000000`)]),
      says: /expected a whole number below 2\^53/,
      at: header.length + 7,
    },
  ];
  for (const { name, bytes, says, at } of bad) {
    it(`refuses ${name} and names the place`, () => {
      const { error } = readToTheEnd(bytes);

      expect(error?.message).to.match(says);
      expect(error?.offset).to.equal(at);
    });
  }

  it("hands over what it had read when the same push ends in bad bytes", () => {
    const reader = makeMatroskaReader();
    const bytes = concat([inCluster, block, Uint8Array.of(0)]);

    const error = thrownBy(() => reader.push(bytes));

    expect(error.events.map((event) => event.kind).slice(-2)).to.deep.equal(["clusterElement", "block"]);
  });

  it("reads nothing more once it met bad bytes", () => {
    const reader = makeMatroskaReader();
    const badBlock = bytesOf("a3 82 81 00");
    const first = thrownBy(() => reader.push(concat([inCluster, badBlock])));

    const later = [() => reader.push(block), () => reader.end()].map(thrownBy);

    expect(later.map((error) => error.message)).to.deep.equal([first.message, first.message]);
    expect(later.map((error) => error.events)).to.deep.equal([[], []]);
  });

  it("refuses an element over its limit by its head alone", () => {
    const reader = makeMatroskaReader({ maxElementBytes: 1000 });
    reader.push(inCluster);

    const error = thrownBy(() => reader.push(bytesOf("a3 43e9")));

    expect(error.message).to.match(/simpleBlock \(0xa3\) of at most 1000 bytes, found 1001 bytes/);
  });

  it("refuses Tags that would take far more memory than they have bytes", () => {
    const reader = makeMatroskaReader();
    reader.push(header);

    const error = thrownBy(() => reader.push(bytesOf("1254c367 10400001")));

    expect(error.message).to.match(/tags \(0x1254c367\) of at most 4194304 bytes, found 4194305 bytes/);
  });

  it("takes no memory for bytes that were only announced", () => {
    const readers = Array.from({ length: 50 }, () => makeMatroskaReader());
    for (const reader of readers) reader.push(inCluster);
    const before = process.memoryUsage().arrayBuffers;

    for (const reader of readers) reader.push(bytesOf("a3 13ffffff 81 0000 80"));

    expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(1_000_000);
  });

  it("is not overwhelmed by elements nested without end", () => {
    const headBytes = 7;
    const heads = Array.from({ length: 100_000 }, (_, level) =>
      concat([bytesOf("67c8 08"), bigEndian32(level * headBytes)]),
    );
    const nested = concat(heads.reverse());

    const events = readAll(concat([header, element(0x1254c367, element(0x7373, nested))]));

    expect(ofKind(events, "tags")[0]!.tags).to.deep.equal([{ name: "", value: "" }]);
  });
});

function bigEndian32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function thrownBy(action: () => unknown): MatroskaError {
  try {
    action();
  } catch (error) {
    return error as MatroskaError;
  }
  throw new Error("Nothing was thrown.");
}
