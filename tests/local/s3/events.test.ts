import { expect } from "chai";
import { Bucket, type ServedS3, startS3 } from "./service";

describe("S3's events on EventBridge", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  it("tell of objects created and deleted, once the bucket sends them", async () => {
    await s3.client.putObject({ Bucket, Key: "before", Body: "x" });
    const NotificationConfiguration = { EventBridgeConfiguration: {} };
    await s3.client.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration });

    await s3.client.putObject({ Bucket, Key: "k", Body: "four" });
    await s3.client.deleteObject({ Bucket, Key: "k" });

    const [created, deleted] = s3.events;
    expect(s3.events).to.have.length(2);
    expect(created).to.include({ source: "aws.s3", detailType: "Object Created" });
    expect(created?.resources).to.deep.equal([`arn:aws:s3:::${Bucket}`]);
    expect(created?.detail).to.deep.include({ reason: "PutObject", bucket: { name: Bucket } });
    expect(created?.detail).to.have.nested.include({ "object.key": "k", "object.size": 4 });
    expect(deleted?.detailType).to.equal("Object Deleted");
    expect(deleted?.detail).to.include({ "deletion-type": "Permanently Deleted" });
  });
});
