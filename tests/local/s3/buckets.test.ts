import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, type ServedS3, startS3 } from "./service";

describe("S3 buckets", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  it("are created, listed, found and deleted", async () => {
    await s3.client.createBucket({ Bucket: "derby" });
    await s3.client.createBucket({ Bucket: "derby" });
    const { Buckets } = await s3.client.listBuckets({});
    const head = await s3.client.headBucket({ Bucket: "derby" });
    await s3.client.deleteBucket({ Bucket: "derby" });

    expect(Buckets?.map(({ Name }) => Name)).to.deep.equal(["derby", Bucket]);
    expect(Buckets?.[0]?.CreationDate).to.be.instanceOf(Date);
    expect(head.BucketRegion).to.equal("us-east-1");
    expect((await refusalOf(s3.client.headBucket({ Bucket: "derby" }))).name).to.equal("NotFound");
    expect((await refusalOf(s3.client.listObjectsV2({ Bucket: "derby" }))).name).to.equal("NoSuchBucket");
  });

  it("cannot be deleted while they hold anything, be it a delete marker", async () => {
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    await s3.client.deleteObject({ Bucket, Key: "k" });

    const error = await refusalOf(s3.client.deleteBucket({ Bucket }));

    expect(error.name).to.equal("BucketNotEmpty");
    expect(error.$metadata?.httpStatusCode).to.equal(409);
  });

  it("have names that S3 allows, in the region of this cloud", async () => {
    const names = ["ab", "Footage", "foot_age", "-footage", "foot..age", "127.0.0.1", "f".repeat(64)];

    const errors = await Promise.all(
      names.map((name) => refusalOf(s3.client.createBucket({ Bucket: name }))),
    );
    const elsewhere = await refusalOf(
      s3.client.createBucket({
        Bucket: "elsewhere",
        CreateBucketConfiguration: { LocationConstraint: "eu-west-1" },
      }),
    );

    expect(new Set(errors.map(({ name }) => name))).to.deep.equal(new Set(["InvalidBucketName"]));
    expect(elsewhere.name).to.equal("IllegalLocationConstraintException");
  });

  it("answer, when new, as new buckets of S3 do", async () => {
    const { client } = s3;

    const answers = await Promise.all([
      client.getBucketVersioning({ Bucket }).then(({ Status }) => Status),
      client.getBucketLocation({ Bucket }).then(({ LocationConstraint }) => LocationConstraint),
      client
        .getBucketEncryption({ Bucket })
        .then(
          (answer) =>
            answer.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault,
        ),
      client.getPublicAccessBlock({ Bucket }).then((answer) => answer.PublicAccessBlockConfiguration),
      client.getBucketOwnershipControls({ Bucket }).then((answer) => answer.OwnershipControls?.Rules),
      client.getBucketAcl({ Bucket }).then(({ Grants }) => Grants?.[0]?.Permission),
      client.getBucketRequestPayment({ Bucket }).then(({ Payer }) => Payer),
      client.getBucketLogging({ Bucket }).then(({ LoggingEnabled }) => LoggingEnabled),
      client.getBucketAccelerateConfiguration({ Bucket }).then(({ Status }) => Status),
    ]);
    const errors = await Promise.all([
      refusalOf(client.getBucketPolicy({ Bucket })),
      refusalOf(client.getBucketTagging({ Bucket })),
      refusalOf(client.getBucketLifecycleConfiguration({ Bucket })),
      refusalOf(client.getBucketCors({ Bucket })),
      refusalOf(client.getBucketWebsite({ Bucket })),
      refusalOf(client.getBucketReplication({ Bucket })),
      refusalOf(client.getObjectLockConfiguration({ Bucket })),
    ]);

    expect(answers).to.deep.equal([
      undefined,
      undefined,
      { SSEAlgorithm: "AES256" },
      { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true },
      [{ ObjectOwnership: "BucketOwnerEnforced" }],
      "FULL_CONTROL",
      "BucketOwner",
      undefined,
      undefined,
    ]);
    expect(errors.map(({ name }) => name)).to.deep.equal([
      "NoSuchBucketPolicy",
      "NoSuchTagSet",
      "NoSuchLifecycleConfiguration",
      "NoSuchCORSConfiguration",
      "NoSuchWebsiteConfiguration",
      "ReplicationConfigurationNotFoundError",
      "ObjectLockConfigurationNotFoundError",
    ]);
  });

  it("give their configurations back as they were put", async () => {
    const { client } = s3;
    const Rules = [
      {
        ID: "unfinished",
        Status: "Enabled" as const,
        Filter: { And: { Prefix: "clips/", Tags: [{ Key: "stack", Value: "derby" }] } },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        Transitions: [{ Days: 30, StorageClass: "STANDARD_IA" as const }],
      },
    ];
    const ServerSideEncryptionConfiguration = {
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: "key" },
          BucketKeyEnabled: true,
        },
      ],
    };
    const PublicAccessBlockConfiguration = {
      BlockPublicAcls: true,
      IgnorePublicAcls: false,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: false,
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    const TagSet = [{ Key: "stack", Value: "a & b <c>" }];

    await client.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration: { Rules } });
    await client.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration });
    await client.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration });
    await client.putBucketPolicy({ Bucket, Policy });
    await client.putBucketTagging({ Bucket, Tagging: { TagSet } });
    await client.putBucketNotificationConfiguration({
      Bucket,
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    });

    expect((await client.getBucketLifecycleConfiguration({ Bucket })).Rules).to.deep.equal(Rules);
    expect(await client.getBucketEncryption({ Bucket })).to.deep.include({
      ServerSideEncryptionConfiguration,
    });
    expect(await client.getPublicAccessBlock({ Bucket })).to.deep.include({ PublicAccessBlockConfiguration });
    expect((await client.getBucketPolicy({ Bucket })).Policy).to.equal(Policy);
    expect((await client.getBucketTagging({ Bucket })).TagSet).to.deep.equal(TagSet);
    const { EventBridgeConfiguration } = await client.getBucketNotificationConfiguration({ Bucket });
    expect(EventBridgeConfiguration).to.deep.equal({});
  });

  it("are as new where a configuration is deleted, encrypted even so", async () => {
    const { client } = s3;
    await client.putBucketPolicy({ Bucket, Policy: '{"Statement":[]}' });

    await client.deleteBucketPolicy({ Bucket });
    await client.deletePublicAccessBlock({ Bucket });
    await client.deleteBucketOwnershipControls({ Bucket });
    await client.deleteBucketEncryption({ Bucket });

    const errors = [
      await refusalOf(client.getBucketPolicy({ Bucket })),
      await refusalOf(client.getPublicAccessBlock({ Bucket })),
      await refusalOf(client.getBucketOwnershipControls({ Bucket })),
    ];
    expect(errors.map(({ name }) => name)).to.deep.equal([
      "NoSuchBucketPolicy",
      "NoSuchPublicAccessBlockConfiguration",
      "OwnershipControlsNotFoundError",
    ]);
    const { ServerSideEncryptionConfiguration } = await client.getBucketEncryption({ Bucket });
    expect(ServerSideEncryptionConfiguration?.Rules).to.have.length(1);
  });

  it("refuse configurations that S3 refuses, and those that would be ignored here", async () => {
    const { client } = s3;
    const QueueConfigurations = [
      { QueueArn: "arn:aws:sqs:us-east-1:123456789012:q", Events: ["s3:ObjectCreated:*" as const] },
    ];

    const errors = [
      await refusalOf(client.putBucketPolicy({ Bucket, Policy: "{" })),
      await refusalOf(client.putBucketVersioning({ Bucket, VersioningConfiguration: {} })),
      await refusalOf(
        client.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration: { Rules: [] } }),
      ),
      await refusalOf(
        client.putBucketNotificationConfiguration({
          Bucket,
          NotificationConfiguration: { QueueConfigurations },
        }),
      ),
      await refusalOf(
        client.putBucketTagging({
          Bucket,
          Tagging: {
            TagSet: [
              { Key: "k", Value: "1" },
              { Key: "k", Value: "2" },
            ],
          },
        }),
      ),
      await refusalOf(client.putBucketCors({ Bucket, CORSConfiguration: { CORSRules: [] } })),
    ];

    expect(errors.map(({ name }) => name)).to.deep.equal([
      "MalformedPolicy",
      "MalformedXML",
      "MalformedXML",
      "NotImplemented",
      "InvalidTag",
      "NotImplemented",
    ]);
  });
});
