import { EventBridge } from "@aws-sdk/client-eventbridge";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { Lambda } from "@aws-sdk/client-lambda";
import { SFN } from "@aws-sdk/client-sfn";
import type { DrainRequest } from "../../handlers/drain";
import type { Cloud } from "../../local/cloud";
import type { Need } from "../../local/core/service";
import type { Judgement } from "../../local/iam/authorization";
import { makeNotificationTags } from "../../producer/notificationTags";
import { withBrokenFrame } from "../support/brokenFrame";
import { filmInto } from "../support/film";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";
import { signIn } from "../support/signIn";
import { until } from "../support/until";
import { roleName } from "./grants";

/** The name of the workflow, or bus, that is told of every clip. */
const HOOK = "of-my-own";

/** A stack in which every role has all that any setting allows it, and what its roles were judged for up to now. */
export interface EverythingDeployed extends RecordingStack {
  /** Each caller, permission and resource once. */
  judgements(): Judgement[];
}

export async function deployEverything(): Promise<EverythingDeployed> {
  const config = {
    streams: [
      { name: "gate", notify: true, alarmThreshold: 2, clipSeconds: 10 },
      { name: "podium", alarmThreshold: 2, clipSeconds: 10 },
    ],
    reconcileMinutes: 1,
    encryption: "new-key",
    network: "existing",
    subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    securityGroupIds: ["sg-0a1b2c3d"],
    deviceSignIn: "true",
    deviceMfa: "off",
  };
  return deployJudged(config, makeHook);
}

/** A stack of which each clip is told to an event bus; all else that its roles do is played by the other one. */
export async function deployBusHook(): Promise<EverythingDeployed> {
  const streams = [{ name: "gate", alarmThreshold: 2, clipSeconds: 10 }];
  return deployJudged({ streams }, async (cloud) => {
    const { EventBusArn = "" } = await new EventBridge(cloud.clientConfig).createEventBus({ Name: HOOK });
    return { clipHook: EventBusArn };
  });
}

async function deployJudged(
  config: Record<string, unknown>,
  prepare: (cloud: Cloud) => Promise<{ clipHook: string }>,
): Promise<EverythingDeployed> {
  const judged = new Map<string, Judgement>();
  const stack = await deployRecording(config, {
    speed: 20,
    prepare,
    onJudgement(judgement) {
      const { caller, need, isAllowed } = judgement;
      if (!isProbe(need))
        judged.set([caller.roleArn, need.action, need.resource, isAllowed].join(" "), judgement);
    },
  });
  return { ...stack, judgements: () => [...judged.values()] };
}

/** Whoever asks S3 for a key that is absent is judged for the listing that would say so, and is told less without it. */
const isProbe = ({ action, context = {} }: Need) =>
  action === "s3:ListBucket" && context["s3:prefix"] === undefined;

async function makeHook(cloud: Cloud): Promise<{ clipHook: string }> {
  const service = {
    Effect: "Allow",
    Principal: { Service: "states.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  const { Role } = await new IAM(cloud.clientConfig).createRole({
    RoleName: HOOK,
    AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [service] }),
  });
  const { stateMachineArn = "" } = await new SFN(cloud.clientConfig).createStateMachine({
    name: HOOK,
    roleArn: Role?.Arn,
    definition: JSON.stringify({
      QueryLanguage: "JSONata",
      StartAt: "Told",
      States: { Told: { Type: "Succeed" } },
    }),
  });
  return { clipHook: stateMachineArn };
}

/** Everything that the stack's roles are there for, as it comes to pass: each step has a role call what no other does. */
export async function playEverything(stack: EverythingDeployed): Promise<void> {
  const { cloud, outputs } = stack;
  cloud.faults.use({
    rules: [
      // The upload is aborted.
      {
        service: "s3",
        action: "CompleteMultipartUpload",
        calls: [1],
        fail: { code: "InvalidPart", status: 400 },
      },
      // Tried again, the clip is there already, and is read to see whose it is.
      {
        service: "s3",
        action: "PutObject",
        where: { Key: "clips/stream=podium/*" },
        calls: [1],
        cut: "after",
      },
    ],
  });
  const phone = await signIn(cloud, outputs.phone ?? "", "gate");
  await Promise.all([
    stack.film("podium", footage("clock.mkv")),
    recordAsPhone(stack, phone),
    handOver(stack),
  ]);
  await stack.settled();
  await overwriteNewestEntry(stack);
  await recordUnheard(stack);
  await failToHandle(stack, "reconciler");
  await drainGate(stack, { retentionHours: 72, tf: { action: "update" } });
  await drainGate(stack, { retentionHours: 72, tf: { action: "delete" } });
}

/** Films one clip, and waits until the bus was told. */
export async function playBusHook(stack: EverythingDeployed): Promise<void> {
  await stack.film("gate", footage("clock.mkv"));
  await until(() => wasCalled(stack, "clip-hook", "events:PutEvents"));
  await stack.settled();
}

/** As if its history were full after one round, until one has handed over. */
async function handOver(stack: EverythingDeployed): Promise<void> {
  const { stepFunctions, outputs } = stack;
  const stateMachineArn = outputs.workflow;
  const { definition = "" } = await stepFunctions.describeStateMachine({ stateMachineArn });
  const handsOver = definition.replace(/\$rounds >= \d+/, "$rounds >= 0");
  if (handsOver === definition) throw new Error("the workflow counts no rounds");
  await stepFunctions.updateStateMachine({ stateMachineArn, definition: handsOver });
  await until(() => wasCalled(stack, "recorder-workflow", "states:StartExecution"));
  await stepFunctions.updateStateMachine({ stateMachineArn, definition });
}

/** A phone sends as the producer library of AWS does; the first fragment notifies, and then the alarm rings. */
async function recordAsPhone(stack: EverythingDeployed, phone: Cloud): Promise<void> {
  const { cloud } = stack;
  // Until a stream acts on its notifications, a minute passes.
  await cloud.clock.sleep(70_000);
  await new KinesisVideo(phone.clientConfig).describeStream({ StreamName: "gate" });
  // A clip with a padded fragment goes to S3 in two parts.
  const padding = { fragmentBytes: 9_000_000, oneIn: 15 };
  await filmInto(phone, "gate", footage("clock.mkv"), { fragmentTags: makeNotificationTags(), padding });
}

/** Its first version says what it was. */
async function overwriteNewestEntry({ s3, outputs }: RecordingStack): Promise<void> {
  const Bucket = outputs.bucket;
  const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: "ledger/gate/", MaxKeys: 1 });
  await s3.putObject({ Bucket, Key: Contents[0]?.Key, Body: "{" });
}

/** Reconcile starts the Recorder of an alarm that no rule hears; one frame is such that GetClip does not answer. */
async function recordUnheard(stack: EverythingDeployed): Promise<void> {
  const eventBridge = new EventBridge(stack.cloud.clientConfig);
  const { Rules = [] } = await eventBridge.listRules({ NamePrefix: "recorder-" });
  await eventBridge.disableRule({ Name: Rules[0]?.Name });
  const off = new AbortController();
  const broken = withBrokenFrame(footage("clock.mkv"), stack.dataDir);
  const filming = stack.film("gate", broken, { loop: true, signal: off.signal });
  await until(
    () =>
      wasCalled(stack, "reconciler-stream", "states:StartExecution") &&
      wasCalled(stack, "recorder-archive-clip", "kinesisvideo:GetMediaForFragmentList"),
  );
  off.abort();
  await filming;
  await stack.settled();
}

/** An event that a function fails on is tried three times and is a dead letter then. */
async function failToHandle(stack: EverythingDeployed, name: string): Promise<void> {
  const { cloud } = stack;
  const lambda = new Lambda(cloud.clientConfig);
  await lambda.invoke({
    FunctionName: await functionName(cloud, name),
    InvocationType: "Event",
    Payload: "null",
  });
  await until(() => wasCalled(stack, name, "kms:GenerateDataKey"));
}

/** Calls the deployed function as the provider does when the resource beside the stream is changed or deleted. */
async function drainGate(
  { cloud }: RecordingStack,
  change: Pick<DrainRequest, "retentionHours" | "tf">,
): Promise<void> {
  const lambda = new Lambda({ ...cloud.clientConfig, maxAttempts: 1 });
  const request: DrainRequest = { streamName: "gate", clipSeconds: 10, abandons: false, ...change };
  const FunctionName = await functionName(cloud, "drain");
  const { Payload, FunctionError } = await lambda.invoke({ FunctionName, Payload: JSON.stringify(request) });
  if (FunctionError) throw new Error(`Drain: ${Payload?.transformToString()}`);
}

async function functionName(cloud: Cloud, name: string): Promise<string | undefined> {
  const { Functions = [] } = await new Lambda(cloud.clientConfig).listFunctions({});
  return Functions.find(({ FunctionName }) => roleName(FunctionName) === name)?.FunctionName;
}

const wasCalled = (stack: EverythingDeployed, role: string, action: string): boolean =>
  stack
    .judgements()
    .some(
      ({ caller, need, isAllowed }) =>
        isAllowed && need.action === action && roleName(caller.roleArn) === role,
    );
