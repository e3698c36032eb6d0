import { createHash } from "node:crypto";
import type { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { compare } from "../../demo/comparison";

const numbers = ["101", "102", "103", "104"];
const acknowledged = numbers.map((fragmentNumber) => ({ fragmentNumber, durationMs: 2000 }));

/** A clip's metadata, with the hash of its fragments' numbers worked out here: one number a line. */
const clip = (...held: string[]) => ({
  "first-fragment": held[0] ?? "",
  "last-fragment": held.at(-1) ?? "",
  "duration-ms": String(held.length * 2000),
  "fragment-list-sha256": createHash("sha256")
    .update(`${held.join("\n")}\n`)
    .digest("hex"),
});

/** A bucket that holds these clips and knows nothing else. */
const bucketOf = (clips: Record<string, string>[]) =>
  ({
    listObjectsV2: async () => ({ Contents: clips.map((_, index) => ({ Key: String(index) })) }),
    headObject: async ({ Key }: { Key: string }) => ({ Metadata: clips[Number(Key)] }),
  }) as unknown as S3;

describe("the demo's comparison", () => {
  it("counts every acknowledged fragment that a clip proves to hold", async () => {
    const s3 = bucketOf([clip("101", "102"), clip("103", "104")]);

    const comparison = await compare(s3, "bucket", "gate", acknowledged, numbers);

    expect(comparison).to.deep.equal({
      streamName: "gate",
      acknowledgedCount: 4,
      acknowledgedSeconds: 8,
      clipCount: 2,
      archivedCount: 4,
      archivedSeconds: 8,
      missing: [],
      repeated: [],
    });
  });

  it("believes a clip that also holds a fragment whose acknowledgement the camera did not live to hear", async () => {
    const s3 = bucketOf([clip("101", "102"), clip("103", "104", "105")]);

    const comparison = await compare(s3, "bucket", "gate", acknowledged, [...numbers, "105"]);

    expect(comparison).to.deep.include({ acknowledgedCount: 4, archivedCount: 4, missing: [], repeated: [] });
  });

  it("names what is in no clip", async () => {
    const comparison = await compare(bucketOf([clip("101", "102")]), "bucket", "gate", acknowledged, numbers);

    expect(comparison.missing).to.deep.equal(["103", "104"]);
  });

  it("names what is in two clips", async () => {
    const s3 = bucketOf([clip("101", "102"), clip("102", "103", "104")]);

    const comparison = await compare(s3, "bucket", "gate", acknowledged, numbers);

    expect(comparison.repeated).to.deep.equal(["102"]);
  });

  it("does not believe a clip whose list has a hole between its ends", async () => {
    const comparison = await compare(
      bucketOf([clip("101", "102", "104")]),
      "bucket",
      "gate",
      acknowledged,
      numbers,
    );

    expect(comparison.missing).to.deep.equal(numbers);
  });
});
