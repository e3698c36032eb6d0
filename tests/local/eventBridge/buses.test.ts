import { EventBridge } from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { collectEvents } from "../../support/eventQueue";
import { refusalOf } from "../../support/refusalOf";
import { until } from "../../support/until";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";

const ARN = "arn:aws:events:us-east-1:123456789012:event-bus/studio";
const EventPattern = JSON.stringify({ source: ["cutting"] });

describe("EventBridge buses", () => {
  let cloud: WholeCloud;
  let client: EventBridge;

  beforeEach(async () => {
    cloud = await startWholeCloud({ speed: 60 });
    client = new EventBridge(cloud.clientConfig);
  });

  afterEach(async () => {
    client?.destroy();
    await cloud?.close();
  });

  const busNames = async () => (await client.listEventBuses({})).EventBuses?.map(({ Name }) => Name);
  const put = (DetailType: string, EventBusName?: string) =>
    client.putEvents({ Entries: [{ Source: "cutting", DetailType, Detail: '{"clip":1}', EventBusName }] });

  it("are made beside the default one, described, tagged and deleted", async () => {
    const Tags = [{ Key: "team", Value: "studio" }];
    const made = await client.createEventBus({ Name: "studio", Description: "Cutting room", Tags });

    const { Name, Arn, Description } = await client.describeEventBus({ Name: ARN });
    const tagged = await client.listTagsForResource({ ResourceARN: ARN });
    const names = await busNames();
    await client.deleteEventBus({ Name: "studio" });

    expect(made.EventBusArn).to.equal(ARN);
    expect({ Name, Arn, Description }).to.deep.equal({
      Name: "studio",
      Arn: ARN,
      Description: "Cutting room",
    });
    expect(tagged.Tags).to.deep.equal(Tags);
    expect(names).to.deep.equal(["default", "studio"]);
    expect(await busNames()).to.deep.equal(["default"]);
  });

  it("are refused a name that is taken, and stay as long as they have rules, or are the account's own", async () => {
    await client.createEventBus({ Name: "studio" });
    await client.putRule({ Name: "cut", EventBusName: "studio", EventPattern });

    const refusals = [
      await refusalOf(client.createEventBus({ Name: "studio" })),
      await refusalOf(client.deleteEventBus({ Name: "studio" })),
      await refusalOf(client.deleteEventBus({ Name: "default" })),
      await refusalOf(client.putRule({ Name: "cut", EventBusName: "kitchen", EventPattern })),
    ];

    expect(refusals.map(String)).to.deep.equal([
      "ResourceAlreadyExistsException: Event bus studio already exists.",
      "ValidationException: Event bus studio cannot be deleted: it has rules.",
      "ValidationException: Cannot delete event bus default.",
      "ResourceNotFoundException: Event bus kitchen does not exist.",
    ]);
  });

  it("have rules of their own, which see their own events only", async () => {
    await client.createEventBus({ Name: "studio" });
    const onDefault = await collectEvents(cloud, "cutting");
    const onStudio = await collectEvents(cloud, "cutting", "studio");

    await put("Cut");
    await put("Mixed", ARN);

    const { Rules = [] } = await client.listRules({ EventBusName: "studio" });
    expect(Rules.map(({ Arn }) => Arn)).to.deep.equal([
      "arn:aws:events:us-east-1:123456789012:rule/studio/collect",
    ]);
    const seen: [onDefault: unknown[], onStudio: unknown[]] = [[], []];
    await until(async () => {
      seen[0].push(...(await onDefault()).map((event) => event["detail-type"]));
      seen[1].push(...(await onStudio()).map((event) => event["detail-type"]));
      return seen.every(({ length }) => length > 0);
    });
    expect(seen).to.deep.equal([["Cut"], ["Mixed"]]);
  });

  it("are handed events by rules of another, as they are, where the target's role may put them", async () => {
    await client.createEventBus({ Name: "studio" });
    const events = { Service: "events.amazonaws.com" };
    const may = await cloud.makeRole(events, { Action: "events:PutEvents", Resource: ARN });
    const mayNot = await cloud.makeRole(events);
    const onStudio = await collectEvents(cloud, "cutting", "studio");
    for (const [Name, RoleArn] of Object.entries({ may, mayNot })) {
      await client.putRule({ Name, EventPattern: JSON.stringify({ "detail-type": [Name] }) });
      await client.putTargets({ Rule: Name, Targets: [{ Id: "studio", Arn: ARN, RoleArn }] });
    }
    await put("mayNot");
    const { Entries = [] } = await put("may");

    const found: object[] = [];
    await until(async () => found.push(...(await onStudio())) > 0);

    expect(found).to.have.length(1);
    expect(found[0]).to.include({ id: Entries[0]?.EventId, source: "cutting", "detail-type": "may" });
  });

  it("take events as they are: a target that would change them is refused", async () => {
    await client.createEventBus({ Name: "studio" });
    await client.putRule({ Name: "cut", EventPattern });

    const Targets = [{ Id: "studio", Arn: ARN, Input: "{}" }];
    const refusal = await refusalOf(client.putTargets({ Rule: "cut", Targets }));

    expect(String(refusal)).to.equal(
      `ValidationException: A target that is an event bus takes events as they are: ${ARN}`,
    );
  });
});
