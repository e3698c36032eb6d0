import type { LifecycleRule } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { type ManualClock, makeManualClock } from "../../support/manualClock";
import { Bucket, type ServedS3, startS3 } from "./service";

const HOUR_MS = 3_600_000;

describe("a bucket's lifecycle", () => {
  let manual: ManualClock;
  let s3: ServedS3;

  beforeEach(async () => {
    manual = makeManualClock(Date.parse("2026-11-22T14:00:00Z"));
    s3 = await startS3(undefined, manual.clock);
  });

  afterEach(() => s3.stop());

  const put = (Key: string) => s3.client.putObject({ Bucket, Key, Body: Key, Tagging: "stream=gate" });
  const rule = (more: Partial<LifecycleRule>) =>
    s3.client.putBucketLifecycleConfiguration({
      Bucket,
      LifecycleConfiguration: {
        Rules: [{ ID: "one", Status: "Enabled", Filter: { Prefix: "clips/" }, ...more }],
      },
    });
  const enableVersions = () =>
    s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
  const keys = async () => ((await s3.client.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);

  it("removes objects of a prefix at the midnight after their age, and no others", async () => {
    await rule({ Expiration: { Days: 1 } });
    await put("clips/a");
    await put("ledger/a");

    await manual.advance(33 * HOUR_MS);
    const before = await keys();
    await manual.advance(HOUR_MS);

    expect(before).to.deep.equal(["clips/a", "ledger/a"]);
    expect(await keys()).to.deep.equal(["ledger/a"]);
  });

  it("puts a delete marker where there are versions, and removes those by their own days", async () => {
    await enableVersions();
    await rule({ Expiration: { Days: 1 }, NoncurrentVersionExpiration: { NoncurrentDays: 2 } });
    await put("clips/a");

    await manual.advance(34 * HOUR_MS);
    const marked = await s3.client.listObjectVersions({ Bucket });
    await manual.advance(48 * HOUR_MS);
    const gone = await s3.client.listObjectVersions({ Bucket });

    expect([marked.Versions?.length, marked.DeleteMarkers?.length]).to.deep.equal([1, 1]);
    expect([gone.Versions, gone.DeleteMarkers?.length]).to.deep.equal([undefined, 1]);
  });

  it("spares what Object Lock holds, and what a filter does not mean", async () => {
    await enableVersions();
    await s3.client.putObjectLockConfiguration({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 30 } },
      },
    });
    const And = { Prefix: "clips/", Tags: [{ Key: "stream", Value: "podium" }] };
    await rule({ Filter: { And }, Expiration: { Days: 1 } });
    await put("clips/a");
    await manual.advance(34 * HOUR_MS);
    const unmeant = await keys();

    await rule({ Expiration: { Days: 1 }, NoncurrentVersionExpiration: { NoncurrentDays: 1 } });
    await manual.advance(5 * 24 * HOUR_MS);
    const { Versions } = await s3.client.listObjectVersions({ Bucket });

    expect(unmeant).to.deep.equal(["clips/a"]);
    expect(await keys()).to.deep.equal([]);
    expect(Versions?.map(({ Key }) => Key)).to.deep.equal(["clips/a"]);
  });

  it("catches up, when S3 starts, on what fell due while it was off", async () => {
    await rule({ Expiration: { Days: 1 } });
    await put("clips/a");
    const { dataDir } = s3;
    await s3.stop({ keep: true });
    await manual.advance(48 * HOUR_MS);

    s3 = await startS3(dataDir, manual.clock);

    expect(await keys()).to.deep.equal([]);
  });

  it("ends uploads that nobody completes", async () => {
    await rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } });
    await s3.client.createMultipartUpload({ Bucket, Key: "clips/a" });

    await manual.advance(34 * HOUR_MS);

    expect((await s3.client.listMultipartUploads({ Bucket })).Uploads).to.equal(undefined);
  });
});
