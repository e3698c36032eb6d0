import { GetQueueUrlCommand } from "@aws-sdk/client-sqs";
import { currentLife } from "../../archive/lives";
import { failure } from "./failure";
import { isOwn } from "./own";
import { type EventRecord, stackOf } from "./record";
import type { StateResource } from "./stackState";
import type { Tools } from "./tools";

/** IDs that follow from what the engine gave to the provider; names in it are chosen by then. */
const IDS: Record<string, (inputs: Record<string, string>) => string | undefined> = {
  "aws:cloudwatch/eventRule:EventRule": ({ name }) => name,
  "aws:cloudwatch/eventTarget:EventTarget": ({ rule, targetId }) => `${rule}-${targetId}`,
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => name,
  "aws:cloudwatch/metricAlarm:MetricAlarm": ({ name }) => name,
  "aws:cognito/user:User": ({ userPoolId, username }) => `${userPoolId}/${username}`,
  "aws:iam/role:Role": ({ name }) => name,
  "aws:iam/rolePolicy:RolePolicy": ({ role, name }) => `${role}:${name}`,
  "aws:lambda/function:Function": ({ name }) => name,
  "aws:lambda/permission:Permission": ({ statementId }) => statementId,
  "aws:sqs/queuePolicy:QueuePolicy": ({ queueUrl }) => queueUrl,
};

/** Nothing is left of a call. */
const INVOCATION = "aws:lambda/invocation:Invocation";

/**
 * Finds out under which IDs resources would be that an engine was making when it died: whether they were made is for a
 * refresh to see. Their names have random digits, or that of the event's stack, so none is anybody else's; a stream's is
 * no more than its camera's, so it must have the stack's tag.
 * @returns IDs by URN; for what was not made, nothing
 * @throws where a stream of that name is no stack's, and for a type that is not known here
 */
export async function idsOfHalfMade(
  tools: Tools,
  record: EventRecord,
  halfMade: StateResource[],
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const one of halfMade) {
    const id = await idOf(one);
    if (id) ids.set(one.urn, id);
  }
  return ids;

  async function idOf({ type, inputs = {} }: StateResource): Promise<string | undefined> {
    const { name = "" } = inputs;
    if (type === INVOCATION || type.startsWith("pulumi:")) return undefined;
    if (type === "aws:kinesis/videoStream:VideoStream") return streamArn(name);
    if (type === "aws:sqs/queue:Queue") return queueUrl(name);
    if (type === "aws:sfn/stateMachine:StateMachine") {
      const [arn, partition, , region, account] = tools.base.alertsTopicArn.split(":");
      return [arn, partition, "states", region, account, "stateMachine", name].join(":");
    }
    const id = IDS[type]?.(inputs);
    if (id) return id;
    throw failure(
      "notYet",
      `${name} (${type}) may have been made and is not known to the stack; remove it, then run pulumi refresh --clear-pending-creates --stack ${stackOf(record).stackName}`,
    );
  }

  async function streamArn(name: string): Promise<string | undefined> {
    const life = await currentLife(tools.kinesisVideo.openStream(name));
    if (!life) return undefined;
    const tags = await tools.streamTags(life.streamArn);
    if (isOwn(tags, record)) return life.streamArn;
    // Another stack made it, so this one could not.
    if (tags.stack) return undefined;
    throw failure(
      "notYet",
      `the stream ${name} is there, and is not the event's; archive what it holds and delete it by hand, then resume`,
    );
  }

  async function queueUrl(name: string): Promise<string | undefined> {
    try {
      return (await tools.clients.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
    } catch (error) {
      if ((error as Error).name === "QueueDoesNotExist") return undefined;
      throw error;
    }
  }
}
