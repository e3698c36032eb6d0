import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { KMS } from "@aws-sdk/client-kms";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { SQS } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { type Permission, startWholeCloud, type WholeCloud } from "../../support/wholeCloud";
import { archive } from "../lambda/support";

const any = (...Action: string[]): Permission => ({ Action, Resource: "*" });
const LAMBDA = { Service: "lambda.amazonaws.com" };

describe("what is kept under a customer's key", () => {
  let cloud: WholeCloud;
  let kms: KMS;
  let KeyId: string;
  let keyArn: string;
  beforeEach(async () => {
    cloud = await startWholeCloud();
    kms = new KMS(cloud.clientConfig);
    const { KeyMetadata } = await kms.createKey({});
    KeyId = KeyMetadata?.KeyId ?? "";
    keyArn = KeyMetadata?.Arn ?? "";
  });
  afterEach(async () => {
    kms.destroy();
    await cloud.close();
  });

  describe("in a bucket", () => {
    let owner: S3;
    beforeEach(async () => {
      owner = new S3(cloud.clientConfig);
      await owner.createBucket({ Bucket: "clips" });
      const byDefault = { SSEAlgorithm: "aws:kms", KMSMasterKeyID: KeyId } as const;
      const Rules = [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: true }];
      await owner.putBucketEncryption({ Bucket: "clips", ServerSideEncryptionConfiguration: { Rules } });
    });
    afterEach(() => owner.destroy());

    const put = (s3: S3) => s3.putObject({ Bucket: "clips", Key: "a.mp4", Body: "x" });
    const get = (s3: S3) => s3.getObject({ Bucket: "clips", Key: "a.mp4" });

    it("is written by who may generate data keys and read by who may decrypt", async () => {
      const writer = new S3(await cloud.asRole(any("s3:PutObject", "kms:GenerateDataKey")));
      const reader = new S3(await cloud.asRole(any("s3:GetObject", "kms:Decrypt")));

      const written = await put(writer);
      const read = await get(reader);

      expect(written).to.include({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn });
      expect(await read.Body?.transformToString()).to.equal("x");
    });

    it("is neither written nor read by who has the bucket's permissions alone", async () => {
      const both = new S3(await cloud.asRole(any("s3:PutObject", "s3:GetObject", "s3:ListBucket")));
      const unwritten = await refusalOf(put(both));
      await put(owner);

      const unread = await refusalOf(get(both));
      const head = await both.headObject({ Bucket: "clips", Key: "a.mp4" });

      expect([unwritten.name, unread.name]).to.deep.equal(["AccessDenied", "AccessDenied"]);
      expect(unread.message).to.match(/kms:Decrypt/);
      expect(head.SSEKMSKeyId).to.equal(keyArn);
    });

    it("needs both permissions where it comes in parts", async () => {
      const onlyGenerates = new S3(await cloud.asRole(any("s3:PutObject", "kms:GenerateDataKey")));
      const upload = { Bucket: "clips", Key: "a.mp4" };
      const { UploadId } = await onlyGenerates.createMultipartUpload(upload);

      const refusal = await refusalOf(
        onlyGenerates.uploadPart({ ...upload, UploadId, PartNumber: 1, Body: "x" }),
      );

      expect(refusal.name).to.equal("AccessDenied");
    });

    it("says what is wrong with a key that is disabled", async () => {
      await put(owner);
      await kms.disableKey({ KeyId });

      const refusals = [await refusalOf(put(owner)), await refusalOf(get(owner))];

      expect(refusals.map(({ name }) => name)).to.deep.equal([
        "KMS.DisabledException",
        "KMS.DisabledException",
      ]);
    });
  });

  it("in a queue is sent and received by who may use the key", async () => {
    const owner = new SQS(cloud.clientConfig);
    const Attributes = { KmsMasterKeyId: KeyId };
    const { QueueUrl } = await owner.createQueue({ QueueName: "letters", Attributes });
    const sender = new SQS(await cloud.asRole(any("sqs:SendMessage", "kms:GenerateDataKey", "kms:Decrypt")));
    const stranger = new SQS(await cloud.asRole(any("sqs:SendMessage", "sqs:ReceiveMessage")));

    await sender.sendMessage({ QueueUrl, MessageBody: "x" });
    const unsent = await refusalOf(stranger.sendMessage({ QueueUrl, MessageBody: "y" }));
    const unread = await refusalOf(stranger.receiveMessage({ QueueUrl }));
    const { Messages } = await owner.receiveMessage({ QueueUrl });
    await kms.scheduleKeyDeletion({ KeyId });
    const pending = await refusalOf(owner.sendMessage({ QueueUrl, MessageBody: "z" }));

    const described = await owner.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
    expect([unsent.name, unread.name]).to.deep.equal(["KmsAccessDenied", "KmsAccessDenied"]);
    expect(pending.name).to.equal("KmsInvalidState");
    expect(Messages?.map(({ Body }) => Body)).to.deep.equal(["x"]);
    expect(described.Attributes).to.include({ KmsMasterKeyId: KeyId, SqsManagedSseEnabled: "false" });
  });

  it("in a log group is there only once the key's policy admits the service for it", async () => {
    const logs = new CloudWatchLogs(cloud.clientConfig);
    const group = { logGroupName: "/aws/lambda/archive", kmsKeyId: keyArn };
    const refusal = await refusalOf(logs.createLogGroup(group));
    const allow = (Principal: object, more: object) => ({
      ...{ Effect: "Allow", Principal, Action: "kms:*", Resource: "*" },
      ...more,
    });
    const arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/*";
    const Condition = { ArnLike: { "kms:EncryptionContext:aws:logs:arn": arn } };
    const Statement = [
      allow({ AWS: "arn:aws:iam::123456789012:root" }, {}),
      allow({ Service: "logs.us-east-1.amazonaws.com" }, { Condition }),
    ];

    await kms.putKeyPolicy({ KeyId, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
    await logs.createLogGroup(group);
    const elsewhere = await refusalOf(logs.createLogGroup({ ...group, logGroupName: "other" }));

    const { logGroups } = await logs.describeLogGroups();
    expect([refusal.name, elsewhere.name]).to.deep.equal([
      "InvalidParameterException",
      "InvalidParameterException",
    ]);
    expect(refusal.message).to.match(/does not exist or is not allowed to be used with Arn/);
    expect(logGroups?.map(({ kmsKeyId }) => kmsKeyId)).to.deep.equal([keyArn]);
  });

  describe("in a function's environment", () => {
    const create = (lambda: Lambda, Role: string, more: object) =>
      lambda.createFunction({
        ...{ FunctionName: "archive", Role, Handler: "index.handler", Runtime: "nodejs24.x" },
        Code: { ZipFile: archive({ "index.js": "exports.handler = async () => process.env.SECRET" }) },
        ...{ Environment: { Variables: { SECRET: "s" } }, ...more },
      });

    it("is decrypted by the function's role, and not without its permission", async () => {
      const lambda = new Lambda(cloud.clientConfig);
      const allowed = await cloud.makeRole(LAMBDA, any("kms:Decrypt"));
      const stranger = await cloud.makeRole(LAMBDA);
      await create(lambda, allowed, { KMSKeyArn: keyArn });

      const { Payload } = await lambda.invoke({ FunctionName: "archive" });
      await lambda.updateFunctionConfiguration({ FunctionName: "archive", Role: stranger });
      const refusal = await refusalOf(lambda.invoke({ FunctionName: "archive" }));

      expect(Payload?.transformToString()).to.equal('"s"');
      expect(refusal).to.include({ name: "KMSAccessDeniedException" });
      expect(refusal).to.have.nested.property("$metadata.httpStatusCode", 502);
    });

    it("is refused to who may not use the key", async () => {
      const role = await cloud.makeRole(LAMBDA);
      const deployer = new Lambda(await cloud.asRole(any("lambda:*", "iam:PassRole")));

      const refusal = await refusalOf(create(deployer, role, { KMSKeyArn: keyArn }));

      expect(refusal.name).to.equal("InvalidParameterValueException");
      expect(refusal.message).to.match(/kms:Encrypt/);
    });
  });
});
