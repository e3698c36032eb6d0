import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, byteFiles, type ServedS3, startS3 } from "./service";

const Key = "k";

describe("S3 versions", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  const setVersioning = (Status: "Enabled" | "Suspended") =>
    s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });

  const put = async (Body: string) => (await s3.client.putObject({ Bucket, Key, Body })).VersionId;

  const body = async (VersionId?: string) =>
    (await s3.client.getObject({ Bucket, Key, VersionId })).Body!.transformToString();

  it("are not told of, nor kept, before versioning is enabled", async () => {
    const first = await put("1");
    await put("2");

    expect(first).to.equal(undefined);
    expect(await body()).to.equal("2");
    expect(byteFiles(s3.dataDir)).to.have.length(1);
  });

  it("are each kept while versioning is enabled", async () => {
    await put("before");
    await setVersioning("Enabled");
    const one = await put("1");
    const two = await put("2");

    const { Versions } = await s3.client.listObjectVersions({ Bucket });

    expect([await body("null"), await body(one), await body(two), await body()]).to.deep.equal([
      "before",
      "1",
      "2",
      "2",
    ]);
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).to.deep.equal([
      [two, true],
      [one, false],
      ["null", false],
    ]);
  });

  it("hide behind a delete marker, and come back when it is deleted", async () => {
    await setVersioning("Enabled");
    await put("1");

    const { DeleteMarker, VersionId } = await s3.client.deleteObject({ Bucket, Key });
    const hidden = await refusalOf(body());
    const asked = await refusalOf(body(VersionId));
    const { KeyCount } = await s3.client.listObjectsV2({ Bucket });
    const { DeleteMarkers } = await s3.client.listObjectVersions({ Bucket });
    await s3.client.deleteObject({ Bucket, Key, VersionId });

    expect(DeleteMarker).to.equal(true);
    expect([hidden.name, asked.name, KeyCount]).to.deep.equal(["NoSuchKey", "MethodNotAllowed", 0]);
    expect(DeleteMarkers?.[0]).to.include({ Key, VersionId, IsLatest: true });
    expect(await body()).to.equal("1");
  });

  it("are gone for good when deleted by their id", async () => {
    await setVersioning("Enabled");
    const one = await put("1");
    const two = await put("2");

    await s3.client.deleteObject({ Bucket, Key, VersionId: two });

    expect(await body()).to.equal("1");
    expect((await refusalOf(body(two))).name).to.equal("NoSuchVersion");
    await s3.client.deleteObjects({ Bucket, Delete: { Objects: [{ Key, VersionId: one }] } });
    expect(byteFiles(s3.dataDir)).to.deep.equal([]);
  });

  it("share the id null while versioning is suspended", async () => {
    await setVersioning("Enabled");
    const one = await put("1");
    await setVersioning("Suspended");
    await put("2");
    const three = await put("3");

    const { Versions } = await s3.client.listObjectVersions({ Bucket });

    expect(three).to.equal("null");
    expect(Versions?.map(({ VersionId }) => VersionId)).to.deep.equal(["null", one]);
    expect(await body()).to.equal("3");
  });

  it("are listed in pages that may end within a key", async () => {
    await setVersioning("Enabled");
    const ids = [await put("1"), await put("2"), await put("3")];
    await s3.client.putObject({ Bucket, Key: "l", Body: "x" });

    const seen: unknown[] = [];
    for (let markers = {}, more = true; more; ) {
      const page = await s3.client.listObjectVersions({ Bucket, MaxKeys: 2, ...markers });
      seen.push(...(page.Versions ?? []).map((version) => `${version.Key} ${version.VersionId}`));
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      more = page.IsTruncated ?? false;
    }

    expect(seen.slice(0, 3)).to.deep.equal(ids.reverse().map((id) => `k ${id}`));
    expect(seen).to.have.length(4);
  });
});

describe("S3 Object Lock", () => {
  const locked = "locked-footage";
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
    await s3.client.createBucket({ Bucket: locked, ObjectLockEnabledForBucket: true });
  });

  afterEach(() => s3.stop());

  const inAnHour = new Date(Date.now() + 3_600_000);

  it("keeps a version from deletion until its date, and only governance can be bypassed", async () => {
    const put = (Mode: "GOVERNANCE" | "COMPLIANCE") =>
      s3.client.putObject({
        Bucket: locked,
        Key: Mode,
        Body: "x",
        ObjectLockMode: Mode,
        ObjectLockRetainUntilDate: inAnHour,
      });
    const governed = { Bucket: locked, Key: "GOVERNANCE", VersionId: (await put("GOVERNANCE")).VersionId };
    const complied = { Bucket: locked, Key: "COMPLIANCE", VersionId: (await put("COMPLIANCE")).VersionId };

    const refusals = [
      await refusalOf(s3.client.deleteObject(governed)),
      await refusalOf(s3.client.deleteObject({ ...complied, BypassGovernanceRetention: true })),
    ];
    await s3.client.deleteObject({ ...governed, BypassGovernanceRetention: true });

    expect(refusals.map(({ name }) => name)).to.deep.equal(["AccessDenied", "AccessDenied"]);
    expect((await refusalOf(s3.client.headObject(governed))).name).to.equal("NotFound");
  });

  it("answers retention and legal hold, and a hold alone keeps a version", async () => {
    const { VersionId } = await s3.client.putObject({ Bucket: locked, Key, Body: "x" });
    const Retention = { Mode: "GOVERNANCE", RetainUntilDate: inAnHour } as const;

    await s3.client.putObjectLegalHold({ Bucket: locked, Key, LegalHold: { Status: "ON" } });
    const held = await refusalOf(s3.client.deleteObject({ Bucket: locked, Key, VersionId }));
    await s3.client.putObjectRetention({ Bucket: locked, Key, Retention });

    expect(held.name).to.equal("AccessDenied");
    expect((await s3.client.getObjectLegalHold({ Bucket: locked, Key })).LegalHold?.Status).to.equal("ON");
    expect((await s3.client.getObjectRetention({ Bucket: locked, Key })).Retention).to.deep.equal(Retention);
  });

  it("is refused in a bucket that has it not", async () => {
    const put = s3.client.putObject({ Bucket, Key, Body: "x", ObjectLockLegalHoldStatus: "ON" });

    expect((await refusalOf(put)).name).to.equal("InvalidRequest");
  });
});
