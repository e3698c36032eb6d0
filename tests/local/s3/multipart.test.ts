import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, byteFiles, type ServedS3, startS3 } from "./service";
import { openUpload } from "./wireUpload";

const MIN_PART_BYTES = 5 * 1024 * 1024;
const Key = "clips/gate.mp4";

const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();
const crc = (bytes: Buffer) => {
  const raw = Buffer.alloc(4);
  raw.writeUInt32BE(crc32(bytes));
  return raw;
};

describe("S3 multipart uploads", () => {
  const first = randomBytes(MIN_PART_BYTES);
  const last = randomBytes(1000);
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  /** Starts an upload and sends parts under the numbers 1, 2, ... */
  async function uploadParts(bodies: Buffer[], options: object = {}) {
    const { UploadId } = await s3.client.createMultipartUpload({
      Bucket,
      Key,
      ChecksumAlgorithm: "CRC32",
      ...options,
    });
    const Parts = [];
    for (const [index, Body] of bodies.entries()) {
      const PartNumber = index + 1;
      const { ETag, ChecksumCRC32 } = await s3.client.uploadPart({ Bucket, Key, UploadId, PartNumber, Body });
      Parts.push({ PartNumber, ETag, ChecksumCRC32 });
    }
    return { Bucket, Key, UploadId, MultipartUpload: { Parts } };
  }

  it("become one object with the ETag and the composite checksum of its parts", async () => {
    const upload = await uploadParts([first, last], { ContentType: "video/mp4", Metadata: { plan: "7" } });

    const completed = await s3.client.completeMultipartUpload(upload);
    const got = await s3.client.getObject({ Bucket, Key, ChecksumMode: "ENABLED" });

    const ETag = `"${md5(Buffer.concat([md5(first), md5(last)])).toString("hex")}-2"`;
    const ChecksumCRC32 = `${crc(Buffer.concat([crc(first), crc(last)])).toString("base64")}-2`;
    expect(completed).to.include({ ETag, Bucket, Key, ChecksumCRC32 });
    expect(got).to.include({ ETag, ContentType: "video/mp4", ChecksumCRC32, ChecksumType: "COMPOSITE" });
    expect(got.Metadata).to.deep.equal({ plan: "7" });
    const bytes = Buffer.from(await got.Body!.transformToByteArray());
    expect(bytes.equals(Buffer.concat([first, last]))).to.equal(true);
    expect(byteFiles(s3.dataDir)).to.have.length(1);
  });

  it("have the checksum of the whole object when FULL_OBJECT was asked for", async () => {
    const upload = await uploadParts([first, last], {
      ChecksumAlgorithm: "CRC32",
      ChecksumType: "FULL_OBJECT",
    });

    const { ChecksumCRC32 } = await s3.client.completeMultipartUpload(upload);

    expect(ChecksumCRC32).to.equal(crc(Buffer.concat([first, last])).toString("base64"));
  });

  it("have SHA-256 of the parts' hashes, which a HEAD tells as the completion did", async () => {
    const made = { Bucket, Key, ChecksumAlgorithm: "SHA256" } as const;
    const { UploadId } = await s3.client.createMultipartUpload(made);
    const Parts: { PartNumber: number; ETag?: string; ChecksumSHA256?: string }[] = [];
    for (const [index, Body] of [first, last].entries()) {
      const part = { ...made, UploadId, PartNumber: index + 1, Body };
      const { ETag, ChecksumSHA256 } = await s3.client.uploadPart(part);
      Parts.push({ PartNumber: index + 1, ETag, ChecksumSHA256 });
    }

    const completed = await s3.client.completeMultipartUpload({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts },
      IfNoneMatch: "*",
    });
    const head = await s3.client.headObject({ Bucket, Key, ChecksumMode: "ENABLED" });

    const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
    const ChecksumSHA256 = `${sha256(Buffer.concat([sha256(first), sha256(last)])).toString("base64")}-2`;
    expect(completed).to.include({ ChecksumSHA256, ChecksumType: "COMPOSITE" });
    expect(head).to.include({ ChecksumSHA256, ChecksumType: "COMPOSITE" });
  });

  it("give back a part of the finished object by its number", async () => {
    await s3.client.completeMultipartUpload(await uploadParts([first, last]));

    const got = await s3.client.getObject({ Bucket, Key, PartNumber: 2 });

    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(last)).to.equal(true);
    expect(got.PartsCount).to.equal(2);
  });

  it("are nobody's object before they are completed", async () => {
    const { UploadId } = await uploadParts([first]);

    const got = await refusalOf(s3.client.getObject({ Bucket, Key }));
    const { KeyCount } = await s3.client.listObjectsV2({ Bucket });
    const { Uploads } = await s3.client.listMultipartUploads({ Bucket });

    expect(got.name).to.equal("NoSuchKey");
    expect(KeyCount).to.equal(0);
    expect(Uploads).to.have.length(1);
    expect(Uploads?.[0]).to.include({ Key, UploadId });
  });

  it("are gone with their parts when aborted", async () => {
    const { UploadId } = await uploadParts([first, last]);

    await s3.client.abortMultipartUpload({ Bucket, Key, UploadId });

    const late = s3.client.uploadPart({ Bucket, Key, UploadId, PartNumber: 3, Body: "x" });
    expect((await refusalOf(late)).name).to.equal("NoSuchUpload");
    expect(byteFiles(s3.dataDir)).to.deep.equal([]);
  });

  it("keep nothing of a part that is still on its way when they are aborted", async () => {
    const { UploadId } = await s3.client.createMultipartUpload({ Bucket, Key });
    const url = `${s3.url}/${Bucket}/${Key}?partNumber=1&uploadId=${UploadId}`;
    const slow = openUpload(url, { "content-length": 4 });
    slow.write("sl");
    while (byteFiles(s3.dataDir).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));

    await s3.client.abortMultipartUpload({ Bucket, Key, UploadId });
    slow.write("ow");
    slow.end();
    const { status, body } = await slow.answer;

    expect(status).to.equal(404);
    expect(body).to.include("<Code>NoSuchUpload</Code>");
    expect(byteFiles(s3.dataDir)).to.deep.equal([]);
  });

  it("take the last upload of a part number", async () => {
    const upload = await uploadParts([first]);
    const { ETag, ChecksumCRC32 } = await s3.client.uploadPart({ ...upload, PartNumber: 1, Body: last });

    const Parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }];
    await s3.client.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } });

    const { ContentLength } = await s3.client.headObject({ Bucket, Key });
    expect(ContentLength).to.equal(last.length);
  });

  it("refuse lists of parts that are out of order, unknown, too small, empty or without checksums", async () => {
    const small = await uploadParts([last, last]);
    const [one, two] = small.MultipartUpload.Parts;
    const lists = [
      [two, one],
      [{ ...one, ETag: '"00000000000000000000000000000000"' }],
      [one, { ...two, PartNumber: 3 }],
      [one, two],
      [],
      [{ PartNumber: 1, ETag: one?.ETag }],
    ];

    const names = [];
    for (const Parts of lists) {
      const completion = s3.client.completeMultipartUpload({
        ...small,
        MultipartUpload: { Parts } as object,
      });
      names.push((await refusalOf(completion)).name);
    }

    expect(names).to.deep.equal([
      "InvalidPartOrder",
      "InvalidPart",
      "InvalidPart",
      "EntityTooSmall",
      "MalformedXML",
      "InvalidRequest",
    ]);
  });

  it("complete with If-None-Match: * only where there is no object yet", async () => {
    const upload = await uploadParts([last]);
    await s3.client.putObject({ Bucket, Key, Body: "first" });

    const error = await refusalOf(s3.client.completeMultipartUpload({ ...upload, IfNoneMatch: "*" }));

    expect(error.name).to.equal("PreconditionFailed");
    expect((await s3.client.headObject({ Bucket, Key })).ContentLength).to.equal(5);
  });

  it("complete once when several completions race", async () => {
    const uploads = [await uploadParts([first, last]), await uploadParts([first, last])];

    const ends = await Promise.allSettled(
      uploads.map((upload) => s3.client.completeMultipartUpload({ ...upload, IfNoneMatch: "*" })),
    );

    const losers = ends.flatMap((end) => (end.status === "rejected" ? [end.reason.name] : []));
    expect(losers).to.have.length(1);
    expect(losers[0]).to.be.oneOf(["PreconditionFailed", "ConditionalRequestConflict"]);
  });

  it("refuse an object of another size than announced", async () => {
    const upload = await uploadParts([last]);

    const error = await refusalOf(s3.client.completeMultipartUpload({ ...upload, MpuObjectSize: 1 }));

    expect(error.name).to.equal("InvalidRequest");
  });

  it("list their parts in pages", async () => {
    const { UploadId } = await uploadParts([last, last, last]);
    const page = (marker?: string) =>
      s3.client.listParts({ Bucket, Key, UploadId, MaxParts: 2, PartNumberMarker: marker });

    const start = await page();
    const rest = await page(start.NextPartNumberMarker);

    expect(start.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).to.deep.equal([
      [1, last.length],
      [2, last.length],
    ]);
    expect([start.IsTruncated, rest.IsTruncated]).to.deep.equal([true, false]);
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).to.deep.equal([3]);
  });

  it("are listed in pages, by prefix and delimiter", async () => {
    for (const key of ["a/1", "a/1", "b/1", "c"]) await s3.client.createMultipartUpload({ Bucket, Key: key });

    const seen: unknown[] = [];
    for (let markers = {}, more = true; more; ) {
      const {
        Uploads = [],
        IsTruncated = false,
        NextKeyMarker,
        NextUploadIdMarker,
      } = await s3.client.listMultipartUploads({ Bucket, MaxUploads: 1, ...markers });
      seen.push(...Uploads.map(({ Key: key }) => key));
      markers = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
      more = IsTruncated;
    }
    const rolledUp = await s3.client.listMultipartUploads({ Bucket, Delimiter: "/" });

    expect(seen).to.deep.equal(["a/1", "a/1", "b/1", "c"]);
    expect(rolledUp.CommonPrefixes).to.deep.equal([{ Prefix: "a/" }, { Prefix: "b/" }]);
    expect(rolledUp.Uploads?.map(({ Key: key }) => key)).to.deep.equal(["c"]);
  });

  it("can take a part from a range of another object", async () => {
    await s3.client.putObject({ Bucket, Key: "source", Body: "0123456789" });
    const { UploadId } = await s3.client.createMultipartUpload({ Bucket, Key });

    const { CopyPartResult } = await s3.client.uploadPartCopy({
      Bucket,
      Key,
      UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
      CopySourceRange: "bytes=2-4",
    });
    const Parts = [
      { PartNumber: 1, ETag: CopyPartResult?.ETag, ChecksumCRC32: CopyPartResult?.ChecksumCRC32 },
    ];
    await s3.client.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });

    expect(await (await s3.client.getObject({ Bucket, Key })).Body!.transformToString()).to.equal("234");
  });
});
