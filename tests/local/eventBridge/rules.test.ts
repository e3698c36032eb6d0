import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TagResourceCommand,
  type Target,
  TestEventPatternCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { type EventBridge, makeEventBridge } from "../../../local/eventBridge";
import { type ServedServices, serveServices } from "../../support/localService";
import { makeManualClock } from "../../support/manualClock";
import { refusalOf } from "../../support/refusalOf";

const RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/recorder";
const FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:archive";
const PATTERN = '{"source":["aws.cloudwatch"]}';
const RULE = { Name: "recorder", EventPattern: PATTERN, Description: "Alarms into ALARM" };

describe("EventBridge rules", () => {
  let served: ServedServices;
  let eventBridge: EventBridge;
  let client: EventBridgeClient;

  beforeEach(async () => {
    served = await serveServices(
      (deps) => {
        eventBridge = makeEventBridge({ ...deps, invokeTarget: async () => undefined });
        return [eventBridge.http];
      },
      { clock: makeManualClock().clock },
    );
    client = new EventBridgeClient(served.clientConfig);
  });

  afterEach(async () => {
    client.destroy();
    eventBridge.close();
    await served.close();
  });

  it("are described as they were put", async () => {
    const { RuleArn } = await client.send(new PutRuleCommand(RULE));

    const { $metadata, ...rule } = await client.send(new DescribeRuleCommand({ Name: "recorder" }));

    expect($metadata.httpStatusCode).to.equal(200);
    expect(RuleArn).to.equal(RULE_ARN);
    expect(rule).to.deep.equal({
      ...RULE,
      Arn: RULE_ARN,
      State: "ENABLED",
      EventBusName: "default",
      CreatedBy: "123456789012",
    });
  });

  it("are listed by prefix, in pages", async () => {
    for (const Name of ["derby-b", "other", "derby-a"]) {
      await client.send(new PutRuleCommand({ Name, EventPattern: PATTERN }));
    }

    const first = await client.send(new ListRulesCommand({ NamePrefix: "derby", Limit: 1 }));
    const second = await client.send(
      new ListRulesCommand({ NamePrefix: "derby", Limit: 1, NextToken: first.NextToken }),
    );

    expect([first, second].flatMap(({ Rules }) => Rules?.map(({ Name }) => Name))).to.deep.equal([
      "derby-a",
      "derby-b",
    ]);
    expect(second.NextToken).to.equal(undefined);
  });

  it("keep their targets and tags when they are put again", async () => {
    await client.send(new PutRuleCommand({ ...RULE, Tags: [{ Key: "stack", Value: "derby" }] }));
    await client.send(new PutTargetsCommand({ Rule: "recorder", Targets: [{ Id: "f", Arn: FUNCTION_ARN }] }));

    await client.send(
      new PutRuleCommand({ ...RULE, Description: undefined, Tags: [{ Key: "new", Value: "1" }] }),
    );

    const { Targets } = await client.send(new ListTargetsByRuleCommand({ Rule: "recorder" }));
    const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN: RULE_ARN }));
    const { Description } = await client.send(new DescribeRuleCommand({ Name: "recorder" }));
    expect(Targets).to.deep.equal([{ Id: "f", Arn: FUNCTION_ARN }]);
    expect(Tags).to.deep.equal([{ Key: "stack", Value: "derby" }]);
    expect(Description).to.equal(undefined);
  });

  it("are found by their target, and lose it", async () => {
    await client.send(new PutRuleCommand(RULE));
    await client.send(new PutTargetsCommand({ Rule: "recorder", Targets: [{ Id: "f", Arn: FUNCTION_ARN }] }));
    const { RuleNames } = await client.send(new ListRuleNamesByTargetCommand({ TargetArn: FUNCTION_ARN }));

    const removed = await client.send(new RemoveTargetsCommand({ Rule: "recorder", Ids: ["f", "nobody"] }));

    expect(RuleNames).to.deep.equal(["recorder"]);
    expect(removed.FailedEntries?.map(({ TargetId }) => TargetId)).to.deep.equal(["nobody"]);
    const { Targets } = await client.send(new ListTargetsByRuleCommand({ Rule: "recorder" }));
    expect(Targets).to.deep.equal([]);
  });

  it("cannot be deleted while they have targets", async () => {
    await client.send(new PutRuleCommand(RULE));
    await client.send(new PutTargetsCommand({ Rule: "recorder", Targets: [{ Id: "f", Arn: FUNCTION_ARN }] }));
    const refusal = await refusalOf(client.send(new DeleteRuleCommand({ Name: "recorder" })));
    await client.send(new RemoveTargetsCommand({ Rule: "recorder", Ids: ["f"] }));

    await client.send(new DeleteRuleCommand({ Name: "recorder" }));

    expect(String(refusal)).to.equal("ValidationException: Rule can't be deleted since it has targets.");
    const gone = await refusalOf(client.send(new DescribeRuleCommand({ Name: "recorder" })));
    expect(String(gone)).to.equal(
      "ResourceNotFoundException: Rule recorder does not exist on EventBus default.",
    );
  });

  it("are tagged and untagged", async () => {
    await client.send(new PutRuleCommand(RULE));
    const Tags = [
      { Key: "stack", Value: "derby" },
      { Key: "event", Value: "1" },
    ];
    await client.send(new TagResourceCommand({ ResourceARN: RULE_ARN, Tags }));

    await client.send(new UntagResourceCommand({ ResourceARN: RULE_ARN, TagKeys: ["event"] }));

    const listed = await client.send(new ListTagsForResourceCommand({ ResourceARN: RULE_ARN }));
    expect(listed.Tags).to.deep.equal([{ Key: "stack", Value: "derby" }]);
  });

  it("can have their pattern tried on an event", async () => {
    const Event = JSON.stringify({
      ...{ id: "1", account: "123456789012", source: "aws.cloudwatch", region: "us-east-1" },
      ...{ time: "2026-11-22T14:00:00Z", resources: [], "detail-type": "x", detail: {} },
    });

    const results = await Promise.all(
      [PATTERN, '{"source":["aws.s3"]}'].map((EventPattern) =>
        client.send(new TestEventPatternCommand({ EventPattern, Event })),
      ),
    );

    expect(results.map(({ Result }) => Result)).to.deep.equal([true, false]);
  });

  it("are refused with a pattern or a schedule that is not one, or with neither", async () => {
    const refusals = await Promise.all(
      [{ EventPattern: '{"source":"x"}' }, { ScheduleExpression: "rate(1 minutes)" }, {}].map((rule) =>
        refusalOf(client.send(new PutRuleCommand({ Name: "wrong", ...rule }))),
      ),
    );

    expect(refusals.map(String)).to.deep.equal([
      "InvalidEventPatternException: Event pattern is not valid. Reason: 'source' must be an object or an array",
      "ValidationException: Parameter ScheduleExpression is not valid.",
      "ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.",
    ]);
  });

  const WRONG_TARGETS: [string, Partial<Target>, RegExp][] = [
    ["no ARN", { Arn: "archive" }, /not in correct format/],
    [
      "a workflow without a role",
      { Arn: "arn:aws:states:us-east-1:1:stateMachine:x" },
      /RoleArn is required/,
    ],
    ["two kinds of input", { Input: "{}", InputPath: "$" }, /Only one of Input/],
    ["an input that is not JSON", { Input: "run" }, /JSON syntax error/],
    ["a path with a filter", { InputPath: "$.detail[?(@.a)]" }, /Invalid InputPath/],
    [
      "a placeholder that no path fills",
      { InputTransformer: { InputTemplate: '{"a": <b>}' } },
      /<b> is not in InputPathsMap/,
    ],
    ["too many retries", { RetryPolicy: { MaximumRetryAttempts: 186 } }, /less than or equal to 185/],
    ["parameters of an unknown target", { SqsParameters: { MessageGroupId: "x" } }, /SqsParameters/],
  ];
  for (const [what, target, message] of WRONG_TARGETS) {
    it(`refuse a target with ${what}`, async () => {
      await client.send(new PutRuleCommand(RULE));

      const refusal = await refusalOf(
        client.send(
          new PutTargetsCommand({ Rule: "recorder", Targets: [{ Id: "t", Arn: FUNCTION_ARN, ...target }] }),
        ),
      );

      expect(refusal.name).to.equal("ValidationException");
      expect(refusal.message).to.match(message);
    });
  }
});
