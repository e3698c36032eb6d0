import type {
  AssociateKmsKeyRequest,
  CreateLogGroupRequest,
  CreateLogStreamRequest,
  DeleteLogGroupRequest,
  DeleteLogStreamRequest,
  DeleteRetentionPolicyRequest,
  DescribeLogGroupsRequest,
  DescribeLogStreamsRequest,
  DisassociateKmsKeyRequest,
  PutRetentionPolicyRequest,
} from "@aws-sdk/client-cloudwatch-logs";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import type { AskGroupKey } from "./groupKey";
import type { LogGroup, LogGroups, LogStream } from "./groups";
import { alreadyExists, badToken, checks, groupName, identifiedGroup, invalid, streamName } from "./inputs";
import { checkTags } from "./tagOperations";

const RETENTION_DAYS = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731],
  ...[1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

/** The operations on log groups and log streams. */
export function makeGroupOperations({ clock }: CloudDeps, logs: LogGroups, askGroupKey: AskGroupKey) {
  const describeStream = (group: LogGroup, { name, createdMs }: LogStream) => ({
    logStreamName: name,
    creationTime: createdMs,
    arn: logs.streamArnOf(group.name, name),
    uploadSequenceToken: "0",
    ...logs.events(group, name).summary(),
  });

  const describe = (group: LogGroup) => ({
    logGroupName: group.name,
    creationTime: group.createdMs,
    retentionInDays: group.retentionInDays,
    kmsKeyId: group.kmsKeyId,
    metricFilterCount: 0,
    arn: `${logs.arnOf(group.name)}:*`,
    logGroupArn: logs.arnOf(group.name),
    logGroupClass: "STANDARD",
    storedBytes: Object.keys(group.streams)
      .map((stream) => logs.events(group, stream).summary().storedBytes)
      .reduce((sum, sizeBytes) => sum + sizeBytes, 0),
  });

  const operations = {
    async CreateLogGroup(input: CreateLogGroupRequest, call) {
      const name = groupName(input.logGroupName);
      await call.authorize(
        logs.need("CreateLogGroup", name),
        ...(input.tags ? [{ ...logs.need("TagResource", name), resource: logs.arnOf(name) }] : []),
      );
      checks.oneOf(input.logGroupClass, "logGroupClass", ["STANDARD"]);
      if (input.deletionProtectionEnabled) {
        throw invalid("deletionProtectionEnabled is not supported by the local cloud");
      }
      if (Object.hasOwn(logs.groups, name)) throw alreadyExists("log group");
      if (input.kmsKeyId) await askGroupKey(input.kmsKeyId, name);
      logs.groups[name] = {
        name,
        createdMs: clock.nowMs(),
        kmsKeyId: input.kmsKeyId,
        tags: checkTags(input.tags ?? {}),
        streams: {},
      };
      logs.save();
      return undefined;
    },

    async AssociateKmsKey(input: AssociateKmsKeyRequest, call) {
      const name = groupName(input.logGroupName);
      await call.authorize(logs.need("AssociateKmsKey", name));
      const group = logs.find(name);
      const keyId = checks.required(input.kmsKeyId, "kmsKeyId");
      await askGroupKey(keyId, name);
      group.kmsKeyId = keyId;
      logs.save();
      return undefined;
    },

    async DisassociateKmsKey(input: DisassociateKmsKeyRequest, call) {
      const name = groupName(input.logGroupName);
      await call.authorize(logs.need("DisassociateKmsKey", name));
      delete logs.find(name).kmsKeyId;
      logs.save();
      return undefined;
    },

    async DeleteLogGroup(input: DeleteLogGroupRequest, call) {
      const name = groupName(input.logGroupName);
      await call.authorize(logs.need("DeleteLogGroup", name));
      logs.removeGroup(logs.find(name));
      return undefined;
    },

    async DescribeLogGroups(input: DescribeLogGroupsRequest, call) {
      await call.authorize({ action: "logs:DescribeLogGroups", resource: "*" });
      checks.unsupported(input, ["accountIdentifiers", "includeLinkedAccounts", "logGroupIdentifiers"]);
      const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern, logGroupClass } = input;
      if (prefix !== undefined && pattern !== undefined) {
        throw invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
      }
      const found = Object.values(logs.groups).filter(
        ({ name }) =>
          name.startsWith(prefix ?? "") &&
          name.toLowerCase().includes((pattern ?? "").toLowerCase()) &&
          (logGroupClass ?? "STANDARD") === "STANDARD",
      );
      const listed = page(found.sort(byKey(({ name }) => name)), ({ name }) => name, {
        limit: checks.range(input.limit, "limit", 1, 50) ?? 50,
        token: input.nextToken,
        badToken,
      });
      return { logGroups: listed.items.map(describe), nextToken: listed.nextToken };
    },

    async PutRetentionPolicy(input: PutRetentionPolicyRequest, call) {
      const name = groupName(input.logGroupName);
      await call.authorize(logs.need("PutRetentionPolicy", name));
      const days = checks.required(input.retentionInDays, "retentionInDays");
      if (!RETENTION_DAYS.includes(days)) {
        throw invalid(`${days} is not a retention; it must be one of ${RETENTION_DAYS.join(", ")} days.`);
      }
      logs.find(name).retentionInDays = days;
      logs.save();
      return undefined;
    },

    async DeleteRetentionPolicy(input: DeleteRetentionPolicyRequest, call) {
      const name = groupName(input.logGroupName);
      await call.authorize(logs.need("DeleteRetentionPolicy", name));
      logs.find(name).retentionInDays = undefined;
      logs.save();
      return undefined;
    },

    async CreateLogStream(input: CreateLogStreamRequest, call) {
      const name = groupName(input.logGroupName);
      const stream = streamName(input.logStreamName);
      await call.authorize(logs.need("CreateLogStream", name, stream));
      const { streams } = logs.find(name);
      if (Object.hasOwn(streams, stream)) throw alreadyExists("log stream");
      streams[stream] = { name: stream, createdMs: clock.nowMs() };
      logs.save();
      return undefined;
    },

    async DeleteLogStream(input: DeleteLogStreamRequest, call) {
      const name = groupName(input.logGroupName);
      const stream = streamName(input.logStreamName);
      await call.authorize(logs.need("DeleteLogStream", name, stream));
      const group = logs.find(name);
      logs.removeStream(group, logs.findStream(group, stream).name);
      return undefined;
    },

    async DescribeLogStreams(input: DescribeLogStreamsRequest, call) {
      const name = identifiedGroup(input);
      await call.authorize(logs.need("DescribeLogStreams", name));
      const order = checks.oneOf(input.orderBy, "orderBy", ["LogStreamName", "LastEventTime"]);
      const byTime = order === "LastEventTime";
      if (byTime && input.logStreamNamePrefix !== undefined) {
        throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
      }
      const group = logs.find(name);
      const found = Object.values(group.streams)
        .filter((stream) => stream.name.startsWith(input.logStreamNamePrefix ?? ""))
        .map((stream) => describeStream(group, stream));
      const keyOf = ({ logStreamName, lastEventTimestamp = 0 }: (typeof found)[number]) =>
        byTime ? `${String(lastEventTimestamp).padStart(15, "0")} ${logStreamName}` : logStreamName;
      found.sort(byKey(keyOf));
      if (input.descending) found.reverse();
      const listed = page(found, keyOf, {
        limit: checks.range(input.limit, "limit", 1, 50) ?? 50,
        token: input.nextToken,
        badToken,
        descending: input.descending,
      });
      return { logStreams: listed.items, nextToken: listed.nextToken };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
