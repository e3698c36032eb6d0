import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, type ServedS3, startS3 } from "./service";
import { upload } from "./wireUpload";

describe("S3 objects", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  const put = (Key: string, Body: string) => s3.client.putObject({ Bucket, Key, Body });

  it("come back byte for byte, with their headers and metadata", async () => {
    const bytes = randomBytes(3_000_000);

    const { ETag } = await s3.client.putObject({
      Bucket,
      Key: "clips/gate.mp4",
      Body: bytes,
      ContentType: "video/mp4",
      CacheControl: "max-age=60",
      ContentDisposition: "inline",
      Metadata: { plan: "7", "first-fragment": "9134385" },
      StorageClass: "STANDARD_IA",
    });
    const got = await s3.client.getObject({ Bucket, Key: "clips/gate.mp4" });

    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(bytes)).to.equal(true);
    expect(ETag).to.equal(`"${createHash("md5").update(bytes).digest("hex")}"`);
    expect(got).to.include({
      ETag,
      ContentType: "video/mp4",
      CacheControl: "max-age=60",
      ContentDisposition: "inline",
      ContentLength: bytes.length,
      StorageClass: "STANDARD_IA",
      ServerSideEncryption: "AES256",
      AcceptRanges: "bytes",
    });
    expect(got.Metadata).to.deep.equal({ plan: "7", "first-fragment": "9134385" });
  });

  it("can be uploaded as a stream whose checksum comes in a trailer", async () => {
    const bytes = randomBytes(1_000_000);
    const chunks = Array.from({ length: 10 }, (_, index) =>
      bytes.subarray(index * 100_000, (index + 1) * 100_000),
    );

    await s3.client.putObject({ Bucket, Key: "k", Body: Readable.from(chunks), ContentLength: bytes.length });
    const got = await s3.client.getObject({ Bucket, Key: "k" });

    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(bytes)).to.equal(true);
    expect(got.ContentEncoding ?? "").to.equal("");
    expect(got.ChecksumCRC32).to.be.a("string");
  });

  it("may have any characters in their keys", async () => {
    const keys = ["a b+c", "ü/é", "100%", "a//b", "q?x=1&y=2", "<&>\"'", "stream=gate/date=2026-11-22/😀"];

    for (const Key of keys) await put(Key, Key);
    const bodies = await Promise.all(
      keys.map(async (Key) => (await s3.client.getObject({ Bucket, Key })).Body!.transformToString()),
    );
    const { Contents } = await s3.client.listObjectsV2({ Bucket });

    expect(bodies).to.deep.equal(keys);
    expect(Contents?.map(({ Key }) => Key)).to.have.members(keys);
  });

  it("can be reached through a host that is named after their bucket", async () => {
    const { status } = await upload(`${s3.url}/a/b`, { host: `${Bucket}.localhost:4566` }, "x");

    expect(status).to.equal(200);
    expect((await s3.client.headObject({ Bucket, Key: "a/b" })).ContentLength).to.equal(1);
  });

  for (const [Range, expected, ContentRange] of [
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=4-", "456789", "bytes 4-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
    ["bytes=-100", "0123456789", "bytes 0-9/10"],
  ] as const) {
    it(`answer ${Range} with that part alone`, async () => {
      await put("k", "0123456789");

      const got = await s3.client.getObject({ Bucket, Key: "k", Range });

      expect(await got.Body!.transformToString()).to.equal(expected);
      expect(got).to.include({ ContentRange, ContentLength: expected.length });
      expect(got.$metadata.httpStatusCode).to.equal(206);
      expect(got.ChecksumCRC32).to.equal(undefined);
    });
  }

  it("refuse a range behind their end with 416", async () => {
    await put("k", "0123456789");

    const error = await refusalOf(s3.client.getObject({ Bucket, Key: "k", Range: "bytes=10-" }));

    expect(error.name).to.equal("InvalidRange");
    expect(error.$metadata?.httpStatusCode).to.equal(416);
  });

  it("are NoSuchKey when absent, and NotFound to HEAD, which has no body", async () => {
    const got = await refusalOf(s3.client.getObject({ Bucket, Key: "absent" }));
    const head = await refusalOf(s3.client.headObject({ Bucket, Key: "absent" }));

    expect(got).to.include({ name: "NoSuchKey", Key: "absent" });
    expect(head.name).to.equal("NotFound");
    expect(head.$metadata?.httpStatusCode).to.equal(404);
  });

  it("answer conditional reads with 304 and 412", async () => {
    const { ETag } = await put("k", "x");
    const { LastModified } = await s3.client.headObject({ Bucket, Key: "k" });
    const before = new Date(LastModified!.getTime() - 1000);
    const read = (conditions: object) => s3.client.headObject({ Bucket, Key: "k", ...conditions });

    const statuses = await Promise.all([
      read({ IfMatch: ETag }),
      refusalOf(read({ IfMatch: '"other"' })),
      refusalOf(read({ IfNoneMatch: ETag })),
      refusalOf(read({ IfModifiedSince: LastModified })),
      read({ IfModifiedSince: before }),
      refusalOf(read({ IfUnmodifiedSince: before })),
      // An ETag that matches decides over a date that does not.
      read({ IfMatch: ETag, IfUnmodifiedSince: before }),
    ]);

    expect(statuses.map(({ $metadata }) => $metadata?.httpStatusCode)).to.deep.equal([
      200, 412, 304, 304, 200, 412, 200,
    ]);
  });

  it("are gone after DeleteObject, which succeeds for what is not there", async () => {
    await put("k", "x");

    await s3.client.deleteObject({ Bucket, Key: "k" });
    const again = await s3.client.deleteObject({ Bucket, Key: "k" });

    expect(again.$metadata.httpStatusCode).to.equal(204);
    expect((await refusalOf(s3.client.getObject({ Bucket, Key: "k" }))).name).to.equal("NoSuchKey");
  });

  it("can be deleted many at once", async () => {
    await put("a", "1");
    await put("b", "2");

    const Objects = [{ Key: "a" }, { Key: "b" }, { Key: "absent" }];
    const { Deleted, Errors } = await s3.client.deleteObjects({ Bucket, Delete: { Objects } });
    const { KeyCount } = await s3.client.listObjectsV2({ Bucket });

    expect(Deleted?.map(({ Key }) => Key)).to.deep.equal(["a", "b", "absent"]);
    expect(Errors).to.equal(undefined);
    expect(KeyCount).to.equal(0);
  });

  it("refuse what is not served, rather than ignore it", async () => {
    const calls = [
      s3.client.putObject({ Bucket, Key: "k", Body: "x", WebsiteRedirectLocation: "/elsewhere" }),
      s3.client.putObject({ Bucket, Key: "k", Body: "x", ACL: "public-read" }),
      s3.client.putObject({ Bucket, Key: "k", Body: "x", StorageClass: "DEEP_ARCHIVE" }),
      s3.client.putObject({ Bucket, Key: "k".repeat(1025), Body: "x" }),
      s3.client.putObject({ Bucket, Key: "k", Body: "x", Metadata: { m: "x".repeat(2048) } }),
      s3.client.putObject({ Bucket, Key: "k", Body: "x", ExpectedBucketOwner: "999999999999" }),
      s3.client.putObject({ Bucket: "elsewhere", Key: "k", Body: "x" }),
      s3.client.restoreObject({ Bucket, Key: "k" }),
    ];

    const names = (await Promise.all(calls.map(refusalOf))).map(({ name }) => name);

    expect(names).to.deep.equal([
      "NotImplemented",
      "AccessControlListNotSupported",
      "InvalidStorageClass",
      "KeyTooLongError",
      "MetadataTooLarge",
      "AccessDenied",
      "NoSuchBucket",
      "NotImplemented",
    ]);
  });
});
