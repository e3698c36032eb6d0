import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { SNS } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { awsError } from "../../../local/core/errors";
import type { InvokeTarget } from "../../../local/core/seams";
import { makeSns, type Sns } from "../../../local/sns";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";

const QUEUE = "arn:aws:sqs:us-east-1:123456789012:letters";
const DEAD = "arn:aws:sqs:us-east-1:123456789012:dead-letters";
const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:starter";
const SECOND_MS = 1000;

type Sent = Parameters<InvokeTarget>[0];

describe("SNS delivery", () => {
  let dataDir: string;
  let manual: ManualClock;
  let served: ServedServices;
  let service: Sns;
  let sns: SNS;
  let sent: Sent[];
  let metrics: string[];
  /** What the endpoint of this ARN answers; nothing takes the message. */
  let refusals: Record<string, Error | undefined>;

  async function start() {
    served = await serveServices(
      (deps) => {
        service = makeSns({
          ...deps,
          async invokeTarget(target) {
            sent.push(target);
            const refusal = refusals[target.arn];
            if (refusal) throw refusal;
          },
          putMetric: ({ metricName }) => void metrics.push(metricName),
          useKey: async ({ keyId }) => keyId,
        });
        return [service.http];
      },
      { clock: manual.clock, dataDir },
    );
    sns = new SNS(served.clientConfig);
  }

  async function stop() {
    sns.destroy();
    service.close();
    await served.close();
  }

  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-sns-"));
    manual = makeManualClock();
    [sent, metrics, refusals] = [[], [], {}];
    await start();
  });
  afterEach(async () => {
    await stop();
    fs.rmSync(dataDir, { recursive: true });
  });

  const subscribed = async (Protocol: string, Endpoint: string, Attributes?: Record<string, string>) => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts" });
    await sns.subscribe({ TopicArn, Protocol, Endpoint, Attributes });
    return TopicArn;
  };
  const redriveTo = (deadLetterTargetArn: string) => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn }),
  });

  it("wraps a message for a queue as a notification", async () => {
    const TopicArn = await subscribed("sqs", QUEUE);
    const MessageAttributes = { severity: { DataType: "String", StringValue: "high" } };

    const { MessageId } = await sns.publish({
      TopicArn,
      Subject: "Gate",
      Message: "down",
      MessageAttributes,
    });
    await manual.advance(0);

    expect(sent).to.have.length(1);
    expect(sent[0]).to.include({ arn: QUEUE, servicePrincipal: "sns.amazonaws.com", sourceArn: TopicArn });
    expect(JSON.parse(sent[0]?.payload ?? "")).to.include({
      ...{ Type: "Notification", MessageId, TopicArn, Subject: "Gate", Message: "down" },
      Timestamp: "2026-11-22T14:00:00.000Z",
    });
    expect(JSON.parse(sent[0]?.payload ?? "").MessageAttributes).to.deep.equal({
      severity: { Type: "String", Value: "high" },
    });
    expect(metrics).to.deep.equal(["NumberOfMessagesPublished", "NumberOfNotificationsDelivered"]);
  });

  it("sends a message as it is, attributes beside it, where that was asked for", async () => {
    const TopicArn = await subscribed("sqs", QUEUE, { RawMessageDelivery: "true" });
    const MessageAttributes = { count: { DataType: "Number", StringValue: "7" } };

    await sns.publish({ TopicArn, Message: "down", MessageAttributes });
    await manual.advance(0);

    expect(sent[0]).to.deep.include({ payload: "down", messageAttributes: MessageAttributes });
  });

  it("hands a function an event with one record", async () => {
    const TopicArn = await subscribed("lambda", FUNCTION);

    await sns.publish({ TopicArn, Message: "down" });
    await manual.advance(0);

    const { Records } = JSON.parse(sent[0]?.payload ?? "") as { Records: { Sns: object }[] };
    expect(Records).to.have.length(1);
    expect(Records[0]).to.include({ EventSource: "aws:sns", EventVersion: "1.0" });
    expect(Records[0]?.Sns).to.deep.include({
      Message: "down",
      Subject: null,
      TopicArn,
      MessageAttributes: {},
    });
  });

  it("gives each protocol its own text of a message in JSON", async () => {
    const TopicArn = await subscribed("sqs", QUEUE, { RawMessageDelivery: "true" });
    await sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: FUNCTION });
    const Message = JSON.stringify({ default: "long", sqs: "short" });

    await sns.publish({ TopicArn, Message, MessageStructure: "json" });
    await manual.advance(0);

    const toFunction = JSON.parse(sent.find(({ arn }) => arn === FUNCTION)?.payload ?? "");
    expect(sent.find(({ arn }) => arn === QUEUE)?.payload).to.equal("short");
    expect(toFunction.Records[0].Sns.Message).to.equal("long");
  });

  it("keeps from a subscriber what its filter policy does not let through", async () => {
    const FilterPolicy = JSON.stringify({ severity: ["high"], retries: [{ numeric: [">", 3] }] });
    const TopicArn = await subscribed("sqs", QUEUE, { RawMessageDelivery: "true", FilterPolicy });
    const attributes = (severity: string, retries: string) => ({
      severity: { DataType: "String", StringValue: severity },
      retries: { DataType: "Number", StringValue: retries },
    });

    await sns.publish({ TopicArn, Message: "a", MessageAttributes: attributes("high", "5") });
    await sns.publish({ TopicArn, Message: "b", MessageAttributes: attributes("high", "2") });
    await sns.publish({ TopicArn, Message: "c" });
    await manual.advance(0);

    expect(sent.map(({ payload }) => payload)).to.deep.equal(["a"]);
  });

  it("filters by the message where the subscription says so", async () => {
    const FilterPolicy = JSON.stringify({ NewStateValue: ["ALARM"] });
    const TopicArn = await subscribed("sqs", QUEUE, {
      ...{ RawMessageDelivery: "true", FilterPolicy, FilterPolicyScope: "MessageBody" },
    });
    const messages = ['{"NewStateValue":"ALARM"}', '{"NewStateValue":"OK"}', "no JSON"];

    for (const Message of messages) await sns.publish({ TopicArn, Message });
    await manual.advance(0);

    expect(sent.map(({ payload }) => payload)).to.deep.equal([messages[0]]);
  });

  it("tries again what fails at the subscriber, at once and then more slowly", async () => {
    const TopicArn = await subscribed("sqs", QUEUE);
    refusals[QUEUE] = awsError("InternalFailure", 500, "down");
    await sns.publish({ TopicArn, Message: "x" });
    await manual.advance(0);
    const atOnce = sent.length;
    await manual.advance(2 * SECOND_MS);
    const inTwoSeconds = sent.length;

    refusals[QUEUE] = undefined;
    await manual.advance(60 * SECOND_MS);

    expect([atOnce, inTwoSeconds]).to.deep.equal([4, 6]);
    expect(sent).to.have.length(7);
    expect(metrics.at(-1)).to.equal("NumberOfNotificationsDelivered");
  });

  it("goes on after a restart with what it owes", async () => {
    const TopicArn = await subscribed("sqs", QUEUE, { RawMessageDelivery: "true" });
    await sns.publish({ TopicArn, Message: "x" });

    await stop();
    await start();
    await manual.advance(0);

    expect(sent.map(({ payload }) => payload)).to.deep.equal(["x"]);
  });

  it("gives a message that its subscriber refuses to the dead-letter queue, without trying again", async () => {
    const TopicArn = await subscribed("sqs", QUEUE, { RawMessageDelivery: "true", ...redriveTo(DEAD) });
    refusals[QUEUE] = awsError("AccessDeniedException", 403, "no");

    await sns.publish({ TopicArn, Message: "x" });
    await manual.advance(0);

    const tried = sent.map(({ arn, payload }) => [arn, payload]);
    expect(tried).to.deep.equal([
      [QUEUE, "x"],
      [DEAD, "x"],
    ]);
    expect(metrics.slice(1)).to.deep.equal([
      "NumberOfNotificationsFailed",
      "NumberOfNotificationsRedrivenToDlq",
    ]);
  });

  it("mails only to who confirmed with the token in the mail", async () => {
    const TopicArn = await subscribed("email", "ada@example.com");
    const mails = () => fs.readdirSync(path.join(dataDir, "sns/mail")).sort();
    const read = (file: string | undefined) =>
      fs.readFileSync(path.join(dataDir, "sns/mail", file ?? ""), "utf8");
    await sns.publish({ TopicArn, Message: "too early" });
    const { Subscriptions } = await sns.listSubscriptions();
    const Token = /--token (\w+)/.exec(read(mails()[0]))?.[1];

    const wrong = await sns
      .confirmSubscription({ TopicArn, Token: "guessed" })
      .catch((error: Error) => error.name);
    await sns.confirmSubscription({ TopicArn, Token });
    await sns.publish({ TopicArn, Subject: "ALARM: gate", Message: "down" });

    expect(Subscriptions?.[0]?.SubscriptionArn).to.equal("PendingConfirmation");
    expect(wrong).to.equal("InvalidParameterException");
    expect(mails()).to.have.length(2);
    expect(read(mails()[1])).to.match(/^To: ada@example.com\nSubject: ALARM: gate\n/m);
    expect(read(mails()[1])).to.include("\n\ndown\n");
  });

  it("takes a batch, each message on its own merits", async () => {
    const TopicArn = await subscribed("sqs", QUEUE, { RawMessageDelivery: "true" });

    const { Successful, Failed } = await sns.publishBatch({
      TopicArn,
      PublishBatchRequestEntries: [
        { Id: "a", Message: "x" },
        { Id: "b", Message: "y", Subject: "two\nlines" },
      ],
    });
    await manual.advance(0);

    expect(sent.map(({ payload }) => payload)).to.deep.equal(["x"]);
    expect(Successful?.map(({ Id }) => Id)).to.deep.equal(["a"]);
    expect(Failed).to.deep.equal([
      { Id: "b", SenderFault: true, Code: "InvalidParameter", Message: "Invalid parameter: Subject" },
    ]);
  });
});
