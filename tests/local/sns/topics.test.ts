import { SNS } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";

const TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts";
const QUEUE = "arn:aws:sqs:us-east-1:123456789012:letters";

describe("SNS topics", () => {
  let cloud: WholeCloud;
  let sns: SNS;
  beforeEach(async () => {
    cloud = await startWholeCloud();
    sns = new SNS(cloud.clientConfig);
  });
  afterEach(async () => {
    sns.destroy();
    await cloud.close();
  });

  it("show the attributes and tags that they were given, and SNS's own", async () => {
    const Attributes = { DisplayName: "Alerts", KmsMasterKeyId: "alias/alerts" };

    const { TopicArn } = await sns.createTopic({
      Name: "alerts",
      Attributes,
      Tags: [{ Key: "stack", Value: "dev" }],
    });

    const described = await sns.getTopicAttributes({ TopicArn });
    const { Tags } = await sns.listTagsForResource({ ResourceArn: TopicArn });
    expect(TopicArn).to.equal(TOPIC);
    expect(described.Attributes).to.include({
      ...Attributes,
      TopicArn: TOPIC,
      Owner: "123456789012",
      SubscriptionsConfirmed: "0",
      SubscriptionsPending: "0",
    });
    expect(JSON.parse(described.Attributes?.Policy ?? "").Statement[0].Condition).to.deep.equal({
      StringEquals: { "AWS:SourceOwner": "123456789012" },
    });
    expect(Tags).to.deep.equal([{ Key: "stack", Value: "dev" }]);
  });

  it("are made once, however often they are asked for, unless they were to be others", async () => {
    await sns.createTopic({ Name: "alerts", Attributes: { DisplayName: "Alerts" } });

    const again = await sns.createTopic({ Name: "alerts", Attributes: { DisplayName: "Alerts" } });
    const other = await refusalOf(sns.createTopic({ Name: "alerts", Attributes: { DisplayName: "Other" } }));
    const tagged = await refusalOf(sns.createTopic({ Name: "alerts", Tags: [{ Key: "a", Value: "b" }] }));

    expect(again.TopicArn).to.equal(TOPIC);
    expect(other).to.have.property("name", "InvalidParameterException");
    expect(tagged.message).to.equal(
      "Invalid parameter: Tags Reason: Topic already exists with different tags",
    );
  });

  it("change their attributes and tags one by one, and lose them", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts", Attributes: { DisplayName: "Alerts" } });

    await sns.setTopicAttributes({ TopicArn, AttributeName: "TracingConfig", AttributeValue: "Active" });
    await sns.setTopicAttributes({ TopicArn, AttributeName: "DisplayName", AttributeValue: "" });
    await sns.tagResource({
      ResourceArn: TopicArn,
      Tags: [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "2" },
      ],
    });
    await sns.untagResource({ ResourceArn: TopicArn, TagKeys: ["a"] });

    const { Attributes } = await sns.getTopicAttributes({ TopicArn });
    const { Tags } = await sns.listTagsForResource({ ResourceArn: TopicArn });
    expect(Attributes).to.include({ TracingConfig: "Active", DisplayName: "" });
    expect(Tags).to.deep.equal([{ Key: "b", Value: "2" }]);
  });

  it("take their subscriptions along when they go, and may go twice", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts" });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: QUEUE });

    await sns.deleteTopic({ TopicArn });
    await sns.deleteTopic({ TopicArn });

    const gone = await refusalOf(sns.getTopicAttributes({ TopicArn }));
    expect((await sns.listTopics()).Topics).to.deep.equal([]);
    expect((await sns.listSubscriptions()).Subscriptions).to.deep.equal([]);
    expect(gone).to.include({ name: "NotFoundException", message: "Topic does not exist" });
  });

  it("are subscribed to once by an endpoint, and until it unsubscribes", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts" });
    const first = await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: QUEUE });
    const again = await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: QUEUE });
    const { SubscriptionArn } = first;
    const before = await sns.listSubscriptionsByTopic({ TopicArn });

    await sns.unsubscribe({ SubscriptionArn });

    const after = await sns.listSubscriptionsByTopic({ TopicArn });
    expect(SubscriptionArn).to.match(new RegExp(`^${TOPIC}:[0-9a-f-]{36}$`));
    expect(again.SubscriptionArn).to.equal(SubscriptionArn);
    expect(before.Subscriptions).to.deep.equal([
      { SubscriptionArn, Owner: "123456789012", Protocol: "sqs", Endpoint: QUEUE, TopicArn },
    ]);
    expect(after.Subscriptions).to.deep.equal([]);
  });

  it("show a subscription's attributes, which can be set", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts" });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QUEUE });
    const { SubscriptionArn } = await sns.subscribe({
      ...{ TopicArn, Protocol: "sqs", Endpoint: QUEUE },
      Attributes: { RawMessageDelivery: "true" },
    });

    await sns.setSubscriptionAttributes({
      ...{ SubscriptionArn, AttributeName: "RedrivePolicy", AttributeValue: RedrivePolicy },
    });

    const { Attributes } = await sns.getSubscriptionAttributes({ SubscriptionArn });
    expect(Attributes).to.include({
      ...{ RawMessageDelivery: "true", RedrivePolicy, Protocol: "sqs", Endpoint: QUEUE },
      PendingConfirmation: "false",
    });
  });

  const REFUSED: [string, () => Promise<unknown>, RegExp][] = [
    ["a name with a space", () => sns.createTopic({ Name: "my alerts" }), /Topic Name/],
    ["a FIFO topic", () => sns.createTopic({ Name: "alerts.fifo" }), /FIFO topics are not supported/],
    ["an unknown attribute", () => sns.createTopic({ Name: "a", Attributes: { Colour: "red" } }), /Colour/],
    ["a policy that is no JSON", () => sns.createTopic({ Name: "a", Attributes: { Policy: "{" } }), /Policy/],
    ["a topic's ARN that is none", () => sns.publish({ TopicArn: "alerts", Message: "x" }), /TopicArn/],
    [
      "a subscriber's ARN that is none",
      () => subscribe({ Protocol: "sqs", Endpoint: "letters" }),
      /SQS endpoint ARN/,
    ],
    [
      "a protocol that it has not",
      () => subscribe({ Protocol: "https", Endpoint: "https://a" }),
      /sqs, lambda, email/,
    ],
    [
      "raw delivery to a function",
      () =>
        subscribe({
          ...{ Protocol: "lambda", Endpoint: "arn:aws:lambda:us-east-1:123456789012:function:f" },
          Attributes: { RawMessageDelivery: "true" },
        }),
      /does not support raw message delivery/,
    ],
  ];
  const subscribe = async (input: {
    Protocol: string;
    Endpoint: string;
    Attributes?: Record<string, string>;
  }) => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts" });
    return sns.subscribe({ TopicArn, ...input });
  };
  for (const [what, call, message] of REFUSED) {
    it(`refuse ${what}`, async () => {
      const refusal = await refusalOf(call());

      expect(refusal.message).to.match(message);
      expect(refusal).to.have.nested.property("$metadata.httpStatusCode", 400);
    });
  }

  it("are published to by whom a policy allows, and nobody else", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "alerts" });
    const allowed = new SNS(await cloud.asRole({ Action: "sns:Publish", Resource: TOPIC }));
    const stranger = new SNS(await cloud.asRole({ Action: "sns:Publish", Resource: `${TOPIC}2` }));

    const published = await allowed.publish({ TopicArn, Message: "x" });
    const refusal = await refusalOf(stranger.publish({ TopicArn, Message: "x" }));

    expect(published.MessageId).to.match(/^[0-9a-f-]{36}$/);
    expect(refusal.name).to.equal("AuthorizationErrorException");
    expect(refusal.message).to.match(/not authorized to perform: sns:Publish on resource/);
  });
});
