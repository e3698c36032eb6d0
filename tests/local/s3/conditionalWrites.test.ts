import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, byteFiles, type ServedS3, startS3 } from "./service";
import { openUpload } from "./wireUpload";

describe("S3's conditional writes", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  const body = async () => (await s3.client.getObject({ Bucket, Key: "k" })).Body!.transformToString();

  it("create a key with If-None-Match: * once, and answer 412 from then on", async () => {
    await s3.client.putObject({ Bucket, Key: "k", Body: "first", IfNoneMatch: "*" });

    const error = await refusalOf(
      s3.client.putObject({ Bucket, Key: "k", Body: "second", IfNoneMatch: "*" }),
    );

    expect(error.name).to.equal("PreconditionFailed");
    expect(error.$metadata?.httpStatusCode).to.equal(412);
    expect(await body()).to.equal("first");
  });

  it("let one of many racing writers win, and tell the others 412 or 409", async () => {
    const writers = Array.from({ length: 10 }, (_, writer) =>
      s3.client.putObject({ Bucket, Key: "k", Body: String(writer), IfNoneMatch: "*" }),
    );

    const ends = await Promise.allSettled(writers);

    const winners = ends.flatMap(({ status }, writer) => (status === "fulfilled" ? [String(writer)] : []));
    const losers = ends.flatMap((end) => (end.status === "rejected" ? [end.reason.name] : []));
    expect(winners).to.deep.equal([await body()]);
    expect(losers.every((name) => /^(PreconditionFailed|ConditionalRequestConflict)$/.test(name))).to.equal(
      true,
    );
  });

  it("answer 409 to an upload that another writer overtook", async () => {
    const slow = openUpload(`${s3.url}/${Bucket}/k`, { "content-length": 4, "if-none-match": "*" });
    slow.write("sl");
    while (byteFiles(s3.dataDir).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await s3.client.putObject({ Bucket, Key: "k", Body: "fast" });

    slow.write("ow");
    slow.end();
    const { status, body: xml } = await slow.answer;

    expect(status).to.equal(409);
    expect(xml).to.include("<Code>ConditionalRequestConflict</Code>");
    expect(await body()).to.equal("fast");
    expect(byteFiles(s3.dataDir)).to.have.length(1);
  });

  it("replace with If-Match only the version that was read", async () => {
    const { ETag } = await s3.client.putObject({ Bucket, Key: "k", Body: "1" });

    await s3.client.putObject({ Bucket, Key: "k", Body: "2", IfMatch: ETag });
    const stale = await refusalOf(s3.client.putObject({ Bucket, Key: "k", Body: "3", IfMatch: ETag }));
    const absent = await refusalOf(s3.client.putObject({ Bucket, Key: "other", Body: "3", IfMatch: ETag }));

    expect(stale.name).to.equal("PreconditionFailed");
    expect(absent.name).to.equal("NoSuchKey");
    expect(await body()).to.equal("2");
  });

  it("delete with If-Match only the version that was read", async () => {
    await s3.client.putObject({ Bucket, Key: "k", Body: "1" });

    const stale = await refusalOf(s3.client.deleteObject({ Bucket, Key: "k", IfMatch: '"other"' }));
    await s3.client.deleteObject({ Bucket, Key: "k", IfMatch: "*" });

    expect(stale.name).to.equal("PreconditionFailed");
    expect((await refusalOf(body())).name).to.equal("NoSuchKey");
  });

  it("count a delete marker as absent", async () => {
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    await s3.client.putObject({ Bucket, Key: "k", Body: "1" });
    await s3.client.deleteObject({ Bucket, Key: "k" });

    await s3.client.putObject({ Bucket, Key: "k", Body: "2", IfNoneMatch: "*" });

    expect(await body()).to.equal("2");
  });
});
