import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "chai";
import type { Need } from "../../../local/core/service";
import { makeSqs, type Sqs } from "../../../local/sqs";
import { judgedCall } from "../../support/judgedCall";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";
import { refusalOf } from "../../support/refusalOf";

const DEAD_ARN = "arn:aws:sqs:us-east-1:123456789012:dead";

describe("SQS queues", () => {
  let manual: ManualClock;
  let served: ServedServices;
  let sqs: Sqs;
  let client: SQSClient;

  beforeEach(async () => {
    manual = makeManualClock(Date.parse("2026-11-22T14:00:00Z"));
    served = await serveServices(
      (deps) => {
        sqs = makeSqs(deps);
        return [sqs.http];
      },
      { clock: manual.clock },
    );
    client = new SQSClient(served.clientConfig);
  });

  afterEach(async () => {
    client.destroy();
    sqs.close();
    await served.close();
  });

  const create = async (QueueName: string, Attributes: Record<string, string> = {}) =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl as string;
  it("have the documented defaults", async () => {
    const QueueUrl = await create("dead");

    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );

    expect(QueueUrl).to.equal(`${served.url}/123456789012/dead`);
    expect(Attributes).to.deep.equal({
      QueueArn: DEAD_ARN,
      CreatedTimestamp: "1795356000",
      LastModifiedTimestamp: "1795356000",
      DelaySeconds: "0",
      MaximumMessageSize: "1048576",
      MessageRetentionPeriod: "345600",
      ReceiveMessageWaitTimeSeconds: "0",
      VisibilityTimeout: "30",
      SqsManagedSseEnabled: "true",
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
      ApproximateNumberOfMessagesDelayed: "0",
    });
  });

  it("are made again only as they are", async () => {
    const first = await create("dead", { VisibilityTimeout: "60" });

    const same = await create("dead", { VisibilityTimeout: "60" });
    const refusal = await refusalOf(create("dead", { VisibilityTimeout: "61" }));

    expect(same).to.equal(first);
    expect(refusal.name).to.equal("QueueNameExists");
  });

  it("are found by name and listed by prefix, in pages", async () => {
    for (const name of ["derby-b", "other", "derby-a"]) await create(name);
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: "other" }));

    const first = await client.send(new ListQueuesCommand({ QueueNamePrefix: "derby", MaxResults: 1 }));
    const second = await client.send(
      new ListQueuesCommand({ QueueNamePrefix: "derby", MaxResults: 1, NextToken: first.NextToken }),
    );

    expect(QueueUrl).to.equal(`${served.url}/123456789012/other`);
    const names = [first, second].flatMap(({ QueueUrls }) => QueueUrls?.map((url) => url.split("/").at(-1)));
    expect(names).to.deep.equal(["derby-a", "derby-b"]);
  });

  it("lose an attribute that is set to nothing", async () => {
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [] });
    const QueueUrl = await create("dead", { Policy });

    await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));

    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }),
    );
    expect(Attributes ?? {}).to.deep.equal({});
  });

  it("name the queues whose dead letters they take", async () => {
    const dead = await create("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: DEAD_ARN, maxReceiveCount: "5" });
    const source = await create("source", { RedrivePolicy });

    const { queueUrls } = await client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));

    expect(queueUrls).to.deep.equal([source]);
  });

  it("are tagged and untagged", async () => {
    const QueueUrl = await create("dead");
    await client.send(new TagQueueCommand({ QueueUrl, Tags: { stack: "derby", event: "1" } }));

    await client.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["event"] }));

    const { Tags } = await client.send(new ListQueueTagsCommand({ QueueUrl }));
    expect(Tags).to.deep.equal({ stack: "derby" });
  });

  it("are purged once a minute", async () => {
    const QueueUrl = await create("dead");
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" }));

    await client.send(new PurgeQueueCommand({ QueueUrl }));
    const refusal = await refusalOf(client.send(new PurgeQueueCommand({ QueueUrl })));

    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).to.equal(undefined);
    expect(refusal.name).to.equal("PurgeQueueInProgress");
  });

  it("do not exist once deleted", async () => {
    const QueueUrl = await create("dead");

    await client.send(new DeleteQueueCommand({ QueueUrl }));

    const unsent = await refusalOf(client.send(new SendMessageCommand({ QueueUrl, MessageBody: "a" })));
    const unknown = await refusalOf(client.send(new GetQueueUrlCommand({ QueueName: "dead" })));
    expect(unsent.name).to.equal("QueueDoesNotExist");
    expect(unknown.name).to.equal("QueueDoesNotExist");
  });

  it("put their own policy and tags to IAM's judgement", async () => {
    const Policy = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "sqs:*" }],
    };
    const QueueUrl = await create("dead", { Policy: JSON.stringify(Policy) });
    await client.send(new TagQueueCommand({ QueueUrl, Tags: { stack: "derby" } }));
    const needs: Need[] = [];

    const input = { QueueUrl, MessageBody: "a" };
    await sqs.operations.SendMessage?.(input as never, judgedCall({ needs }));

    expect(needs).to.deep.equal([
      {
        action: "sqs:SendMessage",
        resource: DEAD_ARN,
        context: { "aws:ResourceTag/stack": "derby" },
        resourcePolicy: Policy,
      },
    ]);
  });

  const WRONG: [string, Record<string, string>, string][] = [
    ["a number out of range", { VisibilityTimeout: "43201" }, "InvalidAttributeValue"],
    ["an attribute that SQS does not know", { Visibility: "1" }, "InvalidAttributeName"],
    ["a policy that is not JSON", { Policy: "allow" }, "InvalidAttributeValue"],
    [
      "a dead-letter queue that does not exist",
      { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: DEAD_ARN, maxReceiveCount: 5 }) },
      "InvalidAttributeValue",
    ],
    ["FIFO order, which they do not have here", { FifoQueue: "true" }, "UnsupportedOperation"],
  ];
  for (const [what, attributes, name] of WRONG) {
    it(`are refused with ${what}`, async () => {
      const refusal = await refusalOf(create("queue", attributes));

      expect(refusal.name).to.equal(name);
    });
  }
});
