import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { Bucket, byteFiles, type ServedS3, startS3 } from "./service";

describe("S3's storage", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  /** Ends S3 without a word, as a kill would, and starts another one on its folder. */
  async function restart() {
    await s3.stop({ keep: true });
    s3 = await startS3(s3.dataDir);
  }

  const body = async (Key: string) => (await s3.client.getObject({ Bucket, Key })).Body!.transformToString();

  it("carries objects, versions, tags and configurations over a restart", async () => {
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    await s3.client.putObject({ Bucket, Key: "k", Body: "1", Metadata: { plan: "7" }, Tagging: "a=b" });
    await s3.client.putObject({ Bucket, Key: "k", Body: "2" });
    await s3.client.deleteObject({ Bucket, Key: "gone" });
    const before = await s3.client.listObjectVersions({ Bucket });

    await restart();
    const after = await s3.client.listObjectVersions({ Bucket });

    expect(after.Versions).to.deep.equal(before.Versions);
    expect(after.DeleteMarkers).to.deep.equal(before.DeleteMarkers);
    expect(await body("k")).to.equal("2");
    const VersionId = before.Versions?.[1]?.VersionId;
    const older = await s3.client.headObject({ Bucket, Key: "k", VersionId });
    expect(older).to.deep.include({ Metadata: { plan: "7" }, TagCount: 1 });
    expect((await s3.client.getBucketVersioning({ Bucket })).Status).to.equal("Enabled");
  });

  it("carries an unfinished multipart upload over a restart", async () => {
    const { UploadId } = await s3.client.createMultipartUpload({ Bucket, Key: "k" });
    const part = { Bucket, Key: "k", UploadId, PartNumber: 1 };
    const { ETag, ChecksumCRC32 } = await s3.client.uploadPart({ ...part, Body: "half" });

    await restart();
    const Parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }];
    await s3.client.completeMultipartUpload({ ...part, MultipartUpload: { Parts } });

    expect(await body("k")).to.equal("half");
  });

  it("sweeps up what a killed upload left, and takes no half object for one", async () => {
    await s3.client.putObject({ Bucket, Key: "whole", Body: "1" });
    const [whole = ""] = byteFiles(s3.dataDir);
    const root = path.join(s3.dataDir, "s3");
    fs.writeFileSync(path.join(root, "incoming", "half"), "ha");
    fs.writeFileSync(path.join(root, path.dirname(whole), "7.bin"), "bytes without a record");

    await restart();

    expect(byteFiles(s3.dataDir)).to.deep.equal([whole]);
    const { Contents } = await s3.client.listObjectsV2({ Bucket });
    expect(Contents?.map(({ Key }) => Key)).to.deep.equal(["whole"]);
  });

  it("keeps the newer of two unversioned writes when a kill came between them and the sweep", async () => {
    await s3.client.putObject({ Bucket, Key: "k", Body: "old" });
    const folder = path.join(s3.dataDir, "s3", path.dirname(byteFiles(s3.dataDir)[0] ?? ""));
    const kept = ["0.json", "0.bin"].map((name) => [name, fs.readFileSync(path.join(folder, name))] as const);
    await s3.client.putObject({ Bucket, Key: "k", Body: "new" });
    for (const [name, bytes] of kept) fs.writeFileSync(path.join(folder, name), bytes);

    await restart();

    expect(await body("k")).to.equal("new");
    expect(byteFiles(s3.dataDir)).to.have.length(1);
  });

  it("keeps serving a download whose object is deleted meanwhile", async () => {
    await s3.client.putObject({ Bucket, Key: "k", Body: Buffer.alloc(4_000_000, 7) });

    const { Body } = await s3.client.getObject({ Bucket, Key: "k" });
    await s3.client.deleteObject({ Bucket, Key: "k" });

    expect((await Body!.transformToByteArray()).length).to.equal(4_000_000);
  });
});
