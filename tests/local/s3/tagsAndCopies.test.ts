import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, type ServedS3, startS3 } from "./service";

const Key = "a key+é";
const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;

describe("S3 tags", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  it("of an object come with the upload, and can be replaced and deleted", async () => {
    await s3.client.putObject({ Bucket, Key, Body: "x", Tagging: "stack=derby&stream=front%20gate" });
    const tags = async () => (await s3.client.getObjectTagging({ Bucket, Key })).TagSet;

    const uploaded = await tags();
    const { TagCount } = await s3.client.headObject({ Bucket, Key });
    await s3.client.putObjectTagging({ Bucket, Key, Tagging: { TagSet: [{ Key: "event", Value: "race" }] } });
    const replaced = await tags();
    await s3.client.deleteObjectTagging({ Bucket, Key });

    expect(uploaded).to.deep.equal([
      { Key: "stack", Value: "derby" },
      { Key: "stream", Value: "front gate" },
    ]);
    expect(TagCount).to.equal(2);
    expect(replaced).to.deep.equal([{ Key: "event", Value: "race" }]);
    expect(await tags()).to.deep.equal([]);
  });

  it("of an object are at most ten, of 128 and 256 characters, and not of AWS", async () => {
    const taggings = [
      Array.from({ length: 11 }, (_, index) => `k${index}=v`).join("&"),
      `${"k".repeat(129)}=v`,
      `k=${"v".repeat(257)}`,
      "aws:k=v",
    ];

    const errors = await Promise.all(
      taggings.map((Tagging) => refusalOf(s3.client.putObject({ Bucket, Key, Body: "x", Tagging }))),
    );

    expect(new Set(errors.map(({ name }) => name))).to.deep.equal(new Set(["InvalidTag"]));
  });
});

describe("S3 copies", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
    await s3.client.putObject({
      Bucket,
      Key,
      Body: "the bytes",
      ContentType: "video/mp4",
      Metadata: { plan: "7" },
      Tagging: "stack=derby",
    });
  });

  afterEach(() => s3.stop());

  it("take over bytes, metadata, tags and checksum", async () => {
    const { CopyObjectResult } = await s3.client.copyObject({ Bucket, Key: "copy", CopySource });

    const copy = await s3.client.getObject({ Bucket, Key: "copy" });
    expect(await copy.Body!.transformToString()).to.equal("the bytes");
    expect(copy.ContentType).to.equal("video/mp4");
    expect(copy.Metadata).to.deep.equal({ plan: "7" });
    expect(CopyObjectResult?.ETag).to.equal(copy.ETag);
    expect(CopyObjectResult?.ChecksumCRC32).to.be.a("string");
    const { TagSet } = await s3.client.getObjectTagging({ Bucket, Key: "copy" });
    expect(TagSet).to.deep.equal([{ Key: "stack", Value: "derby" }]);
  });

  it("have metadata and tags of their own when told to replace them", async () => {
    await s3.client.copyObject({
      Bucket,
      Key: "copy",
      CopySource,
      MetadataDirective: "REPLACE",
      Metadata: { plan: "8" },
      TaggingDirective: "REPLACE",
      Tagging: "stack=other",
    });

    const { Metadata, ContentType } = await s3.client.headObject({ Bucket, Key: "copy" });
    const { TagSet } = await s3.client.getObjectTagging({ Bucket, Key: "copy" });
    expect({ Metadata, ContentType }).to.deep.equal({
      Metadata: { plan: "8" },
      ContentType: "binary/octet-stream",
    });
    expect(TagSet).to.deep.equal([{ Key: "stack", Value: "other" }]);
  });

  it("obey conditions on both ends, and need something to change on themselves", async () => {
    await s3.client.putObject({ Bucket, Key: "there", Body: "x" });

    const errors = [
      await refusalOf(s3.client.copyObject({ Bucket, Key: "there", CopySource, IfNoneMatch: "*" })),
      await refusalOf(
        s3.client.copyObject({ Bucket, Key: "copy", CopySource, CopySourceIfMatch: '"other"' }),
      ),
      await refusalOf(s3.client.copyObject({ Bucket, Key: "copy", CopySource: `${Bucket}/absent` })),
      await refusalOf(s3.client.copyObject({ Bucket, Key, CopySource })),
    ];

    expect(errors.map(({ name }) => name)).to.deep.equal([
      "PreconditionFailed",
      "PreconditionFailed",
      "NoSuchKey",
      "InvalidRequest",
    ]);
  });

  it("can be made of an older version", async () => {
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    await s3.client.putObject({ Bucket, Key, Body: "newer" });

    await s3.client.copyObject({ Bucket, Key: "copy", CopySource: `${CopySource}?versionId=null` });

    const copy = await s3.client.getObject({ Bucket, Key: "copy" });
    expect(await copy.Body!.transformToString()).to.equal("the bytes");
  });
});
