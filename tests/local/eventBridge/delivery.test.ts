import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  type PutRuleCommandInput,
  PutTargetsCommand,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { expect } from "chai";
import { awsError } from "../../../local/core/errors";
import type { InvokeTarget } from "../../../local/core/seams";
import { type EventBridge, makeEventBridge } from "../../../local/eventBridge";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const START_MS = Date.parse("2026-11-22T14:00:00Z");
const RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/recorder";
const MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:recorder";
const ROLE_ARN = "arn:aws:iam::123456789012:role/rule";
const QUEUE_ARN = "arn:aws:sqs:us-east-1:123456789012:dead-letters";
const ALARM_EVENT = {
  source: "aws.cloudwatch",
  detailType: "CloudWatch Alarm State Change",
  resources: ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:gate"],
  timeMs: START_MS + 250,
  detail: { alarmName: "gate", state: { value: "ALARM", reason: 'said "go"' } },
};
const TARGET: Target = { Id: "machine", Arn: MACHINE_ARN, RoleArn: ROLE_ARN };

type Invocation = Parameters<InvokeTarget>[0];

describe("EventBridge deliveries", () => {
  let dataDir: string;
  let manual: ManualClock;
  let served: ServedServices;
  let eventBridge: EventBridge;
  let client: EventBridgeClient;
  let invocations: (Invocation & { atMs: number })[];
  /** What the target says to an invocation; throws for a failure. */
  let answer: (invocation: Invocation) => void;

  async function start() {
    const invokeTarget: InvokeTarget = async (invocation) => {
      invocations.push({ ...invocation, atMs: manual.clock.nowMs() });
      answer(invocation);
    };
    served = await serveServices(
      (deps) => {
        eventBridge = makeEventBridge({ ...deps, invokeTarget });
        return [eventBridge.http];
      },
      { clock: manual.clock, dataDir },
    );
    client = new EventBridgeClient(served.clientConfig);
  }

  async function stop() {
    client.destroy();
    eventBridge.close();
    await served.close();
  }

  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-eventbridge-"));
    manual = makeManualClock(START_MS);
    invocations = [];
    answer = () => undefined;
    await start();
  });

  afterEach(async () => {
    await stop();
    fs.rmSync(dataDir, { recursive: true });
  });

  const failWith = (code: string) => (invocation: Invocation) => {
    if (invocation.arn === MACHINE_ARN) throw awsError(code, 400, `${code} from the target`);
  };
  async function putRule(target: Partial<Target> = {}, rule: Partial<PutRuleCommandInput> = {}) {
    const EventPattern = JSON.stringify({
      source: ["aws.cloudwatch"],
      detail: { state: { value: ["ALARM"] } },
    });
    await client.send(new PutRuleCommand({ Name: "recorder", EventPattern, ...rule }));
    await client.send(new PutTargetsCommand({ Rule: "recorder", Targets: [{ ...TARGET, ...target }] }));
  }

  it("hand a matching event to the target, as the rule's role", async () => {
    await putRule();

    eventBridge.publishEvent(ALARM_EVENT);
    eventBridge.publishEvent({ ...ALARM_EVENT, detail: { state: { value: "OK" } } });
    await manual.advance(0);

    expect(invocations).to.have.length(1);
    const [{ payload, ...invocation } = { payload: "" }] = invocations;
    expect(invocation).to.deep.equal({
      arn: MACHINE_ARN,
      roleArn: ROLE_ARN,
      servicePrincipal: "events.amazonaws.com",
      sourceArn: RULE_ARN,
      atMs: START_MS,
    });
    const event = JSON.parse(payload);
    expect(event.id).to.match(/^[0-9a-f-]{36}$/);
    expect(event).to.deep.equal({
      version: "0",
      id: event.id,
      "detail-type": "CloudWatch Alarm State Change",
      source: "aws.cloudwatch",
      account: "123456789012",
      time: "2026-11-22T14:00:00Z",
      region: "us-east-1",
      resources: ALARM_EVENT.resources,
      detail: ALARM_EVENT.detail,
    });
  });

  it("carry a client's own events", async () => {
    await putRule({}, { EventPattern: '{"source":["derby"]}' });

    const { Entries, FailedEntryCount } = await client.send(
      new PutEventsCommand({
        Entries: [
          {
            Source: "derby",
            DetailType: "Start",
            Detail: '{"race":1}',
            Time: new Date("2026-11-22T13:00:00Z"),
          },
          { Source: "aws.cloudwatch", DetailType: "Start", Detail: "{}" },
          { Source: "derby", DetailType: "Start", Detail: "no JSON" },
          { Source: "derby", Detail: "{}" },
        ],
      }),
    );
    await manual.advance(0);

    expect(FailedEntryCount).to.equal(3);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).to.deep.equal([
      undefined,
      "NotAuthorizedForSourceException",
      "MalformedDetail",
      "InvalidArgument",
    ]);
    expect(invocations.map(({ payload }) => JSON.parse(payload))).to.have.length(1);
    expect(JSON.parse(invocations[0]?.payload ?? "")).to.deep.include({
      id: Entries?.[0]?.EventId,
      detail: { race: 1 },
      time: "2026-11-22T13:00:00Z",
    });
  });

  const INPUTS: [string, Partial<Target>, string][] = [
    ["a constant", { Input: '{"run": true}' }, '{"run": true}'],
    ["a part of the event", { InputPath: "$.detail.state.value" }, '"ALARM"'],
    [
      "a template of JSON",
      {
        InputTransformer: {
          InputPathsMap: { alarm: "$.detail.alarmName", state: "$.detail.state", first: "$.resources[0]" },
          InputTemplate: '{"alarm": <alarm>, "state": <state>, "text": "<alarm> by <aws.events.rule-name>"}',
        },
      },
      '{"alarm": "gate", "state": {"value":"ALARM","reason":"said \\"go\\""}, "text": "gate by recorder"}',
    ],
    [
      "a template of text, quotes escaped",
      {
        InputTransformer: { InputPathsMap: { why: "$.detail.state.reason" }, InputTemplate: '"It <why>"' },
      },
      '"It said \\"go\\""',
    ],
  ];
  for (const [what, target, payload] of INPUTS) {
    it(`give the target ${what} as input`, async () => {
      await putRule(target);

      eventBridge.publishEvent(ALARM_EVENT);
      await manual.advance(0);

      expect(invocations.map((invocation) => invocation.payload)).to.deep.equal([payload]);
    });
  }

  it("are retried with growing pauses until the target takes the event", async () => {
    await putRule();
    answer = (invocation) => {
      if (invocations.length < 5) failWith("ServiceUnavailable")(invocation);
    };

    eventBridge.publishEvent(ALARM_EVENT);
    await manual.advance(MINUTE_MS);

    const seconds = invocations.map(({ atMs }) => (atMs - START_MS) / SECOND_MS);
    expect(seconds).to.deep.equal([0, 1, 3, 7, 15]);
  });

  it("end in the dead-letter queue when the retries are used up", async () => {
    await putRule({ RetryPolicy: { MaximumRetryAttempts: 2 }, DeadLetterConfig: { Arn: QUEUE_ARN } });
    answer = failWith("ServiceUnavailable");

    eventBridge.publishEvent(ALARM_EVENT);
    await manual.advance(MINUTE_MS);

    expect(invocations.map(({ arn }) => arn)).to.deep.equal([
      MACHINE_ARN,
      MACHINE_ARN,
      MACHINE_ARN,
      QUEUE_ARN,
    ]);
    const { messageAttributes, payload, servicePrincipal, sourceArn, roleArn } = invocations[3] as Invocation;
    expect({ servicePrincipal, sourceArn, roleArn }).to.deep.equal({
      servicePrincipal: "events.amazonaws.com",
      sourceArn: RULE_ARN,
      roleArn: undefined,
    });
    expect(messageAttributes).to.deep.equal({
      RULE_ARN,
      TARGET_ARN: MACHINE_ARN,
      ERROR_CODE: "ERROR_FROM_TARGET",
      ERROR_MESSAGE: "ServiceUnavailable from the target",
      EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
      RETRY_ATTEMPTS: "2",
    });
    expect(JSON.parse(payload).detail).to.deep.equal(ALARM_EVENT.detail);
  });

  it("end in the dead-letter queue when the event is too old", async () => {
    await putRule({ RetryPolicy: { MaximumEventAgeInSeconds: 60 }, DeadLetterConfig: { Arn: QUEUE_ARN } });
    answer = failWith("ServiceUnavailable");

    eventBridge.publishEvent(ALARM_EVENT);
    await manual.advance(2 * MINUTE_MS);

    const last = invocations.at(-1);
    expect(last?.arn).to.equal(QUEUE_ARN);
    expect(last?.messageAttributes).to.include({
      EXHAUSTED_RETRY_CONDITION: "MaximumEventAgeInSeconds",
      RETRY_ATTEMPTS: "5",
    });
  });

  for (const [code, inQueue] of [
    ["AccessDeniedException", "NO_PERMISSIONS"],
    ["StateMachineDoesNotExist", "NO_RESOURCE"],
  ] as const) {
    it(`go to the dead-letter queue at once after ${code}, which no retry mends`, async () => {
      await putRule({ DeadLetterConfig: { Arn: QUEUE_ARN } });
      answer = failWith(code);

      eventBridge.publishEvent(ALARM_EVENT);
      await manual.advance(0);

      expect(invocations.map(({ arn }) => arn)).to.deep.equal([MACHINE_ARN, QUEUE_ARN]);
      expect(invocations[1]?.messageAttributes).to.include({ ERROR_CODE: inQueue, RETRY_ATTEMPTS: "0" });
      expect(invocations[1]?.messageAttributes).not.to.have.property("EXHAUSTED_RETRY_CONDITION");
    });
  }

  it("are on disk when the event is published, before any attempt", async () => {
    await putRule();
    eventBridge.publishEvent(ALARM_EVENT);
    await stop();

    await start();
    await manual.advance(0);

    expect(invocations.map(({ arn }) => arn)).to.deep.equal([MACHINE_ARN]);
  });

  it("that are pending go on after a restart", async () => {
    await putRule();
    answer = failWith("ServiceUnavailable");
    eventBridge.publishEvent(ALARM_EVENT);
    await manual.advance(0);
    await stop();
    answer = () => undefined;

    await start();
    await manual.advance(MINUTE_MS);

    expect(invocations.map(({ atMs }) => atMs - START_MS)).to.deep.equal([0, SECOND_MS]);
    const [first, second] = invocations;
    expect(second?.payload).to.equal(first?.payload);
  });

  it("follow a schedule while the rule is enabled, also after a restart", async () => {
    await putRule({}, { EventPattern: undefined, ScheduleExpression: "rate(15 minutes)" });
    await manual.advance(15 * MINUTE_MS);
    await stop();
    await start();
    await manual.advance(15 * MINUTE_MS);
    await client.send(new DisableRuleCommand({ Name: "recorder" }));
    await manual.advance(60 * MINUTE_MS);
    await client.send(new EnableRuleCommand({ Name: "recorder" }));

    await manual.advance(20 * MINUTE_MS);

    const minutes = invocations.map(({ atMs }) => (atMs - START_MS) / MINUTE_MS);
    expect(minutes).to.deep.equal([15, 30, 105]);
    expect(JSON.parse(invocations[0]?.payload ?? "")).to.deep.include({
      source: "aws.events",
      "detail-type": "Scheduled Event",
      resources: [RULE_ARN],
      time: "2026-11-22T14:15:00Z",
      detail: {},
    });
  });
});
