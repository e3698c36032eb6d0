import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteResourcePolicyCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DescribeResourcePoliciesCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  ListTagsForResourceCommand,
  ListTagsLogGroupCommand,
  PutLogEventsCommand,
  PutResourcePolicyCommand,
  PutRetentionPolicyCommand,
  TagLogGroupCommand,
  TagResourceCommand,
  UntagLogGroupCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { expect } from "chai";
import type { Need } from "../../../local/core/service";
import { type Logs, makeLogs } from "../../../local/logs";
import { judgedCall } from "../../support/judgedCall";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";
import { refusalOf } from "../../support/refusalOf";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-11-22T14:00:00Z");
const GROUP = "/aws/lambda/archive";
const GROUP_ARN = `arn:aws:logs:us-east-1:123456789012:log-group:${GROUP}`;
const STREAM = "2026/11/22/[$LATEST]3f9a1c2e";

describe("CloudWatch Logs", () => {
  let dataDir: string;
  let manual: ManualClock;
  let served: ServedServices;
  let logs: Logs;
  let client: CloudWatchLogsClient;

  async function start() {
    served = await serveServices(
      (deps) => {
        logs = makeLogs(deps);
        return [logs.http];
      },
      { clock: manual.clock, dataDir },
    );
    client = new CloudWatchLogsClient(served.clientConfig);
  }

  async function stop() {
    client.destroy();
    await served.close();
  }

  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-logs-"));
    manual = makeManualClock(START_MS);
    await start();
    await client.send(new CreateLogGroupCommand({ logGroupName: GROUP, tags: { stack: "derby" } }));
    await client.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName: STREAM }));
  });

  afterEach(async () => {
    await stop();
    fs.rmSync(dataDir, { recursive: true });
  });

  const put = (...messages: string[]) =>
    client.send(
      new PutLogEventsCommand({
        logGroupName: GROUP,
        logStreamName: STREAM,
        logEvents: messages.map((message, index) => ({ timestamp: START_MS + index, message })),
      }),
    );
  const get = (options: Partial<GetLogEventsCommandInput> = {}) =>
    client.send(new GetLogEventsCommand({ logGroupName: GROUP, logStreamName: STREAM, ...options }));
  const messagesOf = ({ events }: { events?: { message?: string }[] }) =>
    events?.map(({ message }) => message);
  const filter = async (filterPattern: string) =>
    messagesOf(await client.send(new FilterLogEventsCommand({ logGroupName: GROUP, filterPattern })));
  it("describe a group as it was made", async () => {
    await client.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 14 }));
    await put("12345");

    const { logGroups } = await client.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: "/aws/lambda/" }),
    );

    expect(logGroups).to.deep.equal([
      {
        logGroupName: GROUP,
        arn: `${GROUP_ARN}:*`,
        logGroupArn: GROUP_ARN,
        creationTime: START_MS,
        retentionInDays: 14,
        metricFilterCount: 0,
        logGroupClass: "STANDARD",
        storedBytes: 31,
      },
    ]);
  });

  it("give events back in order of time, each stream its own", async () => {
    await put("two", "three");
    logs.writeLog({
      logGroupName: GROUP,
      logStreamName: STREAM,
      message: "one\nwith a second line",
      timestampMs: START_MS - 1,
    });
    logs.writeLog({
      logGroupName: GROUP,
      logStreamName: "other",
      message: "elsewhere",
      timestampMs: START_MS,
    });

    const { events } = await get({ startFromHead: true });

    expect(events).to.deep.equal([
      { timestamp: START_MS - 1, message: "one\nwith a second line", ingestionTime: START_MS },
      { timestamp: START_MS, message: "two", ingestionTime: START_MS },
      { timestamp: START_MS + 1, message: "three", ingestionTime: START_MS },
    ]);
  });

  it("are read forwards and backwards in pages until a token repeats", async () => {
    await put("a", "b", "c", "d", "e");

    const latest = await get({ limit: 2 });
    const before = await get({ limit: 2, nextToken: latest.nextBackwardToken });
    const first = await get({ limit: 2, startFromHead: true });
    const next = await get({ limit: 2, nextToken: first.nextForwardToken });
    const last = await get({ limit: 2, nextToken: next.nextForwardToken });
    const beyond = await get({ limit: 2, nextToken: last.nextForwardToken });

    const pages = [latest, before, first, next, last, beyond].map(messagesOf);
    expect(pages).to.deep.equal([["d", "e"], ["b", "c"], ["a", "b"], ["c", "d"], ["e"], []]);
    expect(beyond.nextForwardToken).to.equal(last.nextForwardToken);
  });

  it("keep events over a restart, and drop a line that a kill has cut off", async () => {
    await put("whole");
    await stop();
    const folder = path.join(dataDir, "logs", encodeURIComponent(GROUP));
    const [file = ""] = fs.readdirSync(folder);
    fs.appendFileSync(path.join(folder, file), '{"timestamp":1,"mess');

    await start();
    await put("after");

    expect(messagesOf(await get({ startFromHead: true }))).to.deep.equal(["whole", "after"]);
  });

  it("forget events that are older than the retention", async () => {
    await client.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 1 }));
    await put("old");
    await manual.advance(DAY_MS + 1);

    logs.writeLog({
      logGroupName: GROUP,
      logStreamName: STREAM,
      message: "new",
      timestampMs: manual.clock.nowMs(),
    });

    expect(messagesOf(await get())).to.deep.equal(["new"]);
    await client.send(new DeleteRetentionPolicyCommand({ logGroupName: GROUP }));
    expect(messagesOf(await get())).to.deep.equal(["old", "new"]);
  });

  const FILTERS: [string, string, string[]][] = [
    ["every word", "ERROR gate", ["ERROR gate lost"]],
    ["a phrase", '"gate lost"', ["ERROR gate lost"]],
    ["no excluded word", "gate -ERROR", ["gate fine"]],
    ["one of alternatives", "?lost ?fine", ["ERROR gate lost", "gate fine"]],
    ["anything, without a pattern", "", ["ERROR gate lost", "gate fine", "paddock error"]],
  ];
  for (const [what, pattern, expected] of FILTERS) {
    it(`are filtered by ${what}`, async () => {
      await put("ERROR gate lost", "gate fine", "paddock error");

      const found = await filter(pattern);

      expect(found).to.deep.equal(expected);
    });
  }

  for (const pattern of ["{ $.level = 30 }", "[ip, user]", "%ERR.*%"]) {
    it(`refuse the filter pattern ${pattern}, which they do not know`, async () => {
      const refusal = await refusalOf(filter(pattern));

      expect(String(refusal)).to.match(/^InvalidParameterException: The local cloud filters by terms only/);
    });
  }

  it("are filtered across streams in pages", async () => {
    await put("a", "c");
    logs.writeLog({ logGroupName: GROUP, logStreamName: "other", message: "b", timestampMs: START_MS });
    const query = { logGroupIdentifier: GROUP_ARN, limit: 2 };

    const first = await client.send(new FilterLogEventsCommand(query));
    const second = await client.send(new FilterLogEventsCommand({ ...query, nextToken: first.nextToken }));

    expect([first, second].map(messagesOf)).to.deep.equal([["a", "b"], ["c"]]);
    expect(first.events?.map(({ logStreamName }) => logStreamName)).to.deep.equal([STREAM, "other"]);
    expect(first.events?.[0]?.eventId).to.match(/^\d{56}$/);
  });

  it("refuse batches that are not in order, and say which events are too old or too new", async () => {
    const putAt = (...timestamps: number[]) =>
      client.send(
        new PutLogEventsCommand({
          logGroupName: GROUP,
          logStreamName: STREAM,
          logEvents: timestamps.map((timestamp) => ({ timestamp, message: String(timestamp) })),
        }),
      );
    const disorder = await refusalOf(putAt(START_MS, START_MS - 1));

    const old = await putAt(START_MS - 14 * DAY_MS - 1, START_MS - 14 * DAY_MS);
    const early = await putAt(START_MS, START_MS + DAY_MS / 2);

    expect(String(disorder)).to.match(/^InvalidParameterException: .*chronological order/);
    expect(old.rejectedLogEventsInfo).to.deep.equal({ tooOldLogEventEndIndex: 1 });
    expect(early.rejectedLogEventsInfo).to.deep.equal({ tooNewLogEventStartIndex: 1 });
    expect(messagesOf(await get())).to.deep.equal([String(START_MS - 14 * DAY_MS), String(START_MS)]);
  });

  it("list streams by name or by their last event", async () => {
    for (const [name, timestampMs] of [
      ["a", 3],
      ["b", 1],
      ["c", 2],
    ] as const) {
      logs.writeLog({
        logGroupName: GROUP,
        logStreamName: name,
        message: "x",
        timestampMs: START_MS + timestampMs,
      });
    }
    const names = ({ logStreams }: { logStreams?: { logStreamName?: string }[] }) =>
      logStreams?.map(({ logStreamName }) => logStreamName);

    const byName = await client.send(new DescribeLogStreamsCommand({ logGroupName: GROUP }));
    const query = { logGroupName: GROUP, orderBy: "LastEventTime", descending: true, limit: 2 } as const;
    const byTime = await client.send(new DescribeLogStreamsCommand(query));
    const rest = await client.send(new DescribeLogStreamsCommand({ ...query, nextToken: byTime.nextToken }));

    expect(names(byName)).to.deep.equal([STREAM, "a", "b", "c"]);
    expect([byTime, rest].map(names)).to.deep.equal([
      ["a", "c"],
      ["b", STREAM],
    ]);
    expect(byName.logStreams?.[1]).to.deep.include({
      firstEventTimestamp: START_MS + 3,
      lastEventTimestamp: START_MS + 3,
      lastIngestionTime: START_MS,
      arn: `${GROUP_ARN}:log-stream:a`,
    });
  });

  it("are tagged by ARN and, as older clients do, by name", async () => {
    await client.send(
      new TagResourceCommand({ resourceArn: GROUP_ARN, tags: { event: "1", camera: "gate" } }),
    );
    await client.send(new UntagResourceCommand({ resourceArn: GROUP_ARN, tagKeys: ["event"] }));
    const byArn = await client.send(new ListTagsForResourceCommand({ resourceArn: GROUP_ARN }));
    await client.send(new TagLogGroupCommand({ logGroupName: GROUP, tags: { old: "1" } }));
    await client.send(new UntagLogGroupCommand({ logGroupName: GROUP, tags: ["camera"] }));

    const byName = await client.send(new ListTagsLogGroupCommand({ logGroupName: GROUP }));

    expect(byArn.tags).to.deep.equal({ stack: "derby", camera: "gate" });
    expect(byName.tags).to.deep.equal({ stack: "derby", old: "1" });
  });

  it("forget what is deleted, also when it is made again", async () => {
    await put("a");
    await client.send(new DeleteLogStreamCommand({ logGroupName: GROUP, logStreamName: STREAM }));
    const refusal = await refusalOf(get());
    await client.send(new DeleteLogGroupCommand({ logGroupName: GROUP }));

    await client.send(new CreateLogGroupCommand({ logGroupName: GROUP }));

    expect(String(refusal)).to.equal("ResourceNotFoundException: The specified log stream does not exist.");
    const { logStreams } = await client.send(new DescribeLogStreamsCommand({ logGroupName: GROUP }));
    expect(logStreams).to.deep.equal([]);
    const again = await refusalOf(client.send(new CreateLogGroupCommand({ logGroupName: GROUP })));
    expect(again.name).to.equal("ResourceAlreadyExistsException");
  });

  it("keep groups apart whose names look like paths", async () => {
    for (const logGroupName of ["..", "a/b", "a#b"]) {
      await client.send(new CreateLogGroupCommand({ logGroupName }));
      logs.writeLog({ logGroupName, logStreamName: "s", message: logGroupName, timestampMs: START_MS });
    }

    const found = await Promise.all(
      ["..", "a/b", "a#b"].map(async (logGroupName) =>
        messagesOf(await get({ logGroupName, logStreamName: "s" })),
      ),
    );

    expect(found).to.deep.equal([[".."], ["a/b"], ["a#b"]]);
    expect(fs.readdirSync(dataDir)).to.deep.equal(["logs"]);
  });

  it("put the account's resource policies to IAM's judgement of a write", async () => {
    const Statement = [{ Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "logs:*" }];
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await client.send(new PutResourcePolicyCommand({ policyName: "rules", policyDocument }));
    const needs: Need[] = [];
    const input = {
      logGroupName: GROUP,
      logStreamName: STREAM,
      logEvents: [{ timestamp: START_MS, message: "a" }],
    };
    await logs.operations.PutLogEvents?.(input as never, judgedCall({ needs }));

    expect(needs).to.deep.equal([
      {
        action: "logs:PutLogEvents",
        resource: `${GROUP_ARN}:log-stream:${STREAM}`,
        context: { "aws:ResourceTag/stack": "derby" },
        resourcePolicy: { Version: "2012-10-17", Statement },
      },
    ]);
    const { resourcePolicies } = await client.send(new DescribeResourcePoliciesCommand({}));
    expect(resourcePolicies?.map(({ policyName }) => policyName)).to.deep.equal(["rules"]);
    await client.send(new DeleteResourcePolicyCommand({ policyName: "rules" }));
    expect((await client.send(new DescribeResourcePoliciesCommand({}))).resourcePolicies).to.deep.equal([]);
  });

  it("refuse what the service has no room for", async () => {
    const retention = await refusalOf(
      client.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 2 })),
    );
    const name = await refusalOf(client.send(new CreateLogGroupCommand({ logGroupName: "with space" })));
    const group = await refusalOf(
      client.send(new CreateLogStreamCommand({ logGroupName: "no", logStreamName: "s" })),
    );

    expect(String(retention)).to.match(/^InvalidParameterException: 2 is not a retention/);
    expect(String(name)).to.match(/^InvalidParameterException: .*logGroupName/);
    expect(String(group)).to.equal("ResourceNotFoundException: The specified log group does not exist.");
  });
});
