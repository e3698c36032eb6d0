import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { makeSqs, type Sqs } from "../../../local/sqs";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";

const SECOND_MS = 1000;
const START_MS = Date.parse("2026-11-22T14:00:00Z");

describe("SQS messages", () => {
  let dataDir: string;
  let manual: ManualClock;
  let served: ServedServices;
  let sqs: Sqs;
  let client: SQSClient;
  let QueueUrl: string;

  async function start() {
    served = await serveServices(
      (deps) => {
        sqs = makeSqs(deps);
        return [sqs.http];
      },
      { clock: manual.clock, dataDir },
    );
    client = new SQSClient(served.clientConfig);
    QueueUrl = `${served.url}/123456789012/letters`;
  }

  async function stop() {
    client.destroy();
    sqs.close();
    await served.close();
  }

  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-sqs-"));
    manual = makeManualClock(START_MS);
    await start();
    await client.send(new CreateQueueCommand({ QueueName: "letters" }));
  });

  afterEach(async () => {
    await stop();
    fs.rmSync(dataDir, { recursive: true });
  });

  const send = (MessageBody: string) => client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const receive = async (options: Partial<ReceiveMessageCommandInput> = {}) =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl, ...options }))).Messages ?? [];
  const bodies = async (options?: Partial<ReceiveMessageCommandInput>) =>
    (await receive(options)).map(({ Body }) => Body);

  it("come back with the digests and attributes that SDKs check", async () => {
    const MessageAttributes = {
      RULE_ARN: { DataType: "String", StringValue: "arn:aws:events:us-east-1:123456789012:rule/recorder" },
      RETRY_ATTEMPTS: { DataType: "Number", StringValue: "185" },
      raw: { DataType: "Binary.png", BinaryValue: Uint8Array.of(0, 255, 1) },
    };

    const sent = await client.send(
      new SendMessageCommand({ QueueUrl, MessageBody: "größer", MessageAttributes }),
    );

    const [message] = await receive({ MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] });
    // Both digests were computed apart from this code, in Python.
    expect(sent.MD5OfMessageBody).to.equal("3b1f5bccdd98086ae8f1852fd2aabe54");
    expect(sent.MD5OfMessageAttributes).to.equal("d5e4bcf7d9ea0730217db38d93446c64");
    expect(message).to.deep.include({
      MessageId: sent.MessageId,
      Body: "größer",
      MD5OfBody: sent.MD5OfMessageBody,
      MessageAttributes,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      Attributes: {
        SenderId: "123456789012",
        SentTimestamp: String(START_MS),
        ApproximateReceiveCount: "1",
        ApproximateFirstReceiveTimestamp: String(START_MS),
      },
    });
  });

  it("are hidden while someone works on them, and come back if that takes too long", async () => {
    await send("a");
    const first = await bodies();
    await manual.advance(29 * SECOND_MS);
    const during = await bodies();

    await manual.advance(1 * SECOND_MS);

    expect([first, during, await bodies()]).to.deep.equal([["a"], [], ["a"]]);
  });

  it("are gone once deleted", async () => {
    await send("a");
    const [message] = await receive();

    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));

    await manual.advance(60 * SECOND_MS);
    expect(await bodies()).to.deep.equal([]);
  });

  it("are not deleted with the handle of an older receipt", async () => {
    await send("a");
    const [first] = await receive({ VisibilityTimeout: 0 });
    await receive({ VisibilityTimeout: 0 });

    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));

    expect(await bodies()).to.deep.equal(["a"]);
  });

  it("can be shown again earlier", async () => {
    await send("a");
    const [message] = await receive();

    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );

    expect(await bodies()).to.deep.equal(["a"]);
  });

  it("end the wait of a receiver when they arrive", async () => {
    const waiting = bodies({ WaitTimeSeconds: 20 });

    await send("a");

    expect(await waiting).to.deep.equal(["a"]);
  });

  it("that do not arrive end the wait when its time is over", async () => {
    let isOver = false;
    const waiting = bodies({ WaitTimeSeconds: 20 }).finally(() => {
      isOver = true;
    });
    // The wait begins when the request has come in, so time goes on until it is over.
    while (!isOver) await manual.advance(SECOND_MS);

    const received = await waiting;

    expect(received).to.deep.equal([]);
    expect(manual.clock.nowMs()).to.be.at.least(START_MS + 20 * SECOND_MS);
  });

  it("travel in batches, each entry with its own fate", async () => {
    const sent = await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: "one", MessageBody: "a" },
          { Id: "two", MessageBody: "\u0000" },
          { Id: "three", MessageBody: "c", DelaySeconds: 5 },
        ],
      }),
    );
    const received = await receive({ MaxNumberOfMessages: 10 });

    const deleted = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: "good", ReceiptHandle: received[0]?.ReceiptHandle },
          { Id: "bad", ReceiptHandle: "no handle" },
        ],
      }),
    );

    expect(sent.Successful?.map(({ Id }) => Id)).to.deep.equal(["one", "three"]);
    expect(sent.Failed?.map(({ Id, Code }) => [Id, Code])).to.deep.equal([["two", "InvalidMessageContents"]]);
    expect(received.map(({ Body }) => Body)).to.deep.equal(["a"]);
    expect(deleted.Successful?.map(({ Id }) => Id)).to.deep.equal(["good"]);
    expect(deleted.Failed?.map(({ Id, Code }) => [Id, Code])).to.deep.equal([
      ["bad", "ReceiptHandleIsInvalid"],
    ]);
    await manual.advance(5 * SECOND_MS);
    expect(await bodies()).to.deep.equal(["c"]);
  });

  it("move to the dead-letter queue when they were received too often", async () => {
    await client.send(new CreateQueueCommand({ QueueName: "dead" }));
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:dead",
      maxReceiveCount: 2,
    });
    await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
    await send("a");
    const received = [await bodies({ VisibilityTimeout: 0 }), await bodies({ VisibilityTimeout: 0 })];

    received.push(await bodies({ VisibilityTimeout: 0 }));

    expect(received).to.deep.equal([["a"], ["a"], []]);
    const [dead] = await receive({
      QueueUrl: `${served.url}/123456789012/dead`,
      MessageSystemAttributeNames: ["All"],
    });
    expect(dead?.Attributes).to.include({
      ApproximateReceiveCount: "3",
      DeadLetterQueueSourceArn: "arn:aws:sqs:us-east-1:123456789012:letters",
    });
  });

  it("are dropped when they are older than the queue keeps them", async () => {
    await client.send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { MessageRetentionPeriod: "60" } }),
    );
    await send("a");

    await manual.advance(60 * SECOND_MS);

    expect(await bodies()).to.deep.equal([]);
  });

  it("survive a restart, and stay hidden as they were", async () => {
    await send("a");
    await send("b");
    const before = await bodies();
    await stop();

    await start();

    expect([before, await bodies(), await bodies()]).to.deep.equal([["a"], ["b"], []]);
  });

  it("are counted by what can be done with them", async () => {
    await send("a");
    await send("b");
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "c", DelaySeconds: 10 }));
    await receive();

    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );

    expect(Attributes).to.include({
      ApproximateNumberOfMessages: "1",
      ApproximateNumberOfMessagesNotVisible: "1",
      ApproximateNumberOfMessagesDelayed: "1",
    });
  });

  it("larger than the queue takes are refused", async () => {
    await client.send(
      new SetQueueAttributesCommand({ QueueUrl, Attributes: { MaximumMessageSize: "1024" } }),
    );

    const refusal = await send("x".repeat(1025)).catch((error: unknown) => error);

    expect(refusal).to.be.an("error").with.property("message").that.includes("shorter than 1024 bytes");
  });
});
