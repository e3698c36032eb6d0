import * as pulumi from "@pulumi/pulumi";
import { loadFreshProgram } from "./freshProgram";
import { takeRejections } from "./hooks";

/** A resource as the program registered it. */
export interface Registered {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of any of the provider's types, as plain data.
  inputs: Record<string, any>;
  /** What AWS would add: the physical name, the ARN, and a queue's URL. */
  outputs: { name: string; arn: string; url: string };
}

const ACCOUNT_ID = "123456789012";

/** The part of a resource's ARN behind the partition, by type and physical name, where rules and policies look at it. */
const ARNS: Record<string, (name: string) => string> = {
  "aws:cloudwatch/eventRule:EventRule": (name) => `events:us-east-1:${ACCOUNT_ID}:rule/${name}`,
  "aws:cloudwatch/logGroup:LogGroup": (name) => `logs:us-east-1:${ACCOUNT_ID}:log-group:${name}`,
  "aws:cloudwatch/metricAlarm:MetricAlarm": (name) => `cloudwatch:us-east-1:${ACCOUNT_ID}:alarm:${name}`,
  "aws:cognito/identityPool:IdentityPool": (name) =>
    `cognito-identity:us-east-1:${ACCOUNT_ID}:identitypool/us-east-1:${name}`,
  "aws:cognito/userPool:UserPool": (name) => `cognito-idp:us-east-1:${ACCOUNT_ID}:userpool/us-east-1_${name}`,
  "aws:iam/role:Role": (name) => `iam::${ACCOUNT_ID}:role/${name}`,
  "aws:kinesis/videoStream:VideoStream": (name) =>
    `kinesisvideo:us-east-1:${ACCOUNT_ID}:stream/${name}/1763820000000`,
  "aws:kms/key:Key": (name) => `kms:us-east-1:${ACCOUNT_ID}:key/${name}`,
  "aws:lambda/function:Function": (name) => `lambda:us-east-1:${ACCOUNT_ID}:function:${name}`,
  "aws:s3/bucket:Bucket": (name) => `s3:::${name}`,
  "aws:sfn/stateMachine:StateMachine": (name) => `states:us-east-1:${ACCOUNT_ID}:stateMachine:${name}`,
  "aws:sns/topic:Topic": (name) => `sns:us-east-1:${ACCOUNT_ID}:${name}`,
  "aws:sqs/queue:Queue": (name) => `sqs:us-east-1:${ACCOUNT_ID}:${name}`,
};

// biome-ignore lint/suspicious/noExplicitAny: what any of the provider's functions takes and answers, as plain data.
type Inputs = Record<string, any>;

/** What AWS answers to the functions that the program calls for data. */
const CALLS: Record<string, (args: Inputs) => Inputs> = {
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({ accountId: ACCOUNT_ID }),
  "aws:index/getRegion:getRegion": () => ({ region: "us-east-1" }),
  "aws:index/getPartition:getPartition": () => ({ partition: "aws" }),
  "aws:s3/getBucket:getBucket": ({ bucket }) => ({
    bucket,
    arn: `arn:aws:s3:::${bucket}`,
    bucketRegion: "us-east-1",
  }),
  "aws:ec2/getVpcEndpointService:getVpcEndpointService": ({ service }) => ({
    serviceName: `com.amazonaws.us-east-1.${service}`,
  }),
};

/** Outputs of what is made elsewhere: by another plugin, by AWS, or by another stack. */
const MADE_ELSEWHERE: Record<string, Inputs> = {
  "pulumi:pulumi:StackReference": { outputs: { baseEnvironment: { bucket: "archive-4e1f2a7" } } },
  "awsx:ec2:Vpc": {
    vpcId: "vpc-0a1b2c3d",
    isolatedSubnetIds: ["subnet-0a", "subnet-0b"],
    privateSubnetIds: ["subnet-1a", "subnet-1b"],
    routeTables: [{ id: "rtb-0a" }, { id: "rtb-0b" }],
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": { prefixListId: "pl-0a1b2c3d" },
};

/** What the program made, and what it exports. */
export interface DeployedProgram {
  resources: Registered[];
  /** The one resource of a type, or the one of that type and name. */
  resource(type: string, name?: string): Registered;
  outputs: Record<string, unknown>;
}

/** Serializing a handler takes most of a run, and gives the same text each time: the programs of a run share it. */
const { serializeFunction } = pulumi.runtime;
const serialized = new Map<unknown, ReturnType<typeof serializeFunction>>();
const serializeOnce: typeof serializeFunction = (handler, options) => {
  const text = serialized.get(handler) ?? serializeFunction(handler, options);
  serialized.set(handler, text);
  return text;
};
Object.assign(pulumi.runtime, { serializeFunction: serializeOnce });

/**
 * Runs `index.ts`, or another program, under Pulumi's mocks and waits for every registration.
 * @throws what the program throws, at once or in a promise that it leaves to Pulumi
 */
export async function runProgram(
  config: Record<string, string>,
  {
    project = "lastframe",
    stack = "test",
    calls = {},
    program = loadFreshProgram,
  }: {
    project?: string;
    stack?: string;
    calls?: Record<string, (args: Inputs) => Inputs>;
    program?: () => Promise<object>;
  } = {},
): Promise<DeployedProgram> {
  const resources: Registered[] = [];
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => {
        const physical = inputs.name ?? inputs.bucket ?? `${name}-1234567`;
        const outputs = {
          name: physical,
          arn: `arn:aws:${ARNS[type]?.(physical) ?? `mock:us-east-1:${ACCOUNT_ID}:${physical}`}`,
          url: `https://queue/${physical}`,
        };
        resources.push({ type, name, inputs, outputs });
        const state = {
          ...inputs,
          ...outputs,
          bucket: physical,
          ...MADE_ELSEWHERE[type],
        };
        return { id: custom ? `${name}-id` : undefined, state };
      },
      call: ({ token, inputs }) => (calls[token] ?? CALLS[token])?.(inputs) ?? {},
    },
    project,
    stack,
    false,
    "organization",
  );
  const exported = await program();
  await pulumi.runtime.disconnect();
  await new Promise(setImmediate);
  const [failure] = takeRejections();
  if (failure) throw failure;
  const outputs = await new Promise<Record<string, unknown>>((resolve) => {
    pulumi.output({ ...exported }).apply(resolve);
  });
  const resource = (type: string, name?: string) => {
    const found = resources.filter((one) => one.type === type && (name === undefined || one.name === name));
    if (found.length !== 1 || !found[0])
      throw new Error(`${found.length} resources of ${type} ${name ?? ""}`);
    return found[0];
  };
  return { resources, resource, outputs };
}

/** The configuration of two cameras, with other keys as given. */
export function twoCameras(more: Record<string, string> = {}): Record<string, string> {
  return {
    "lastframe:streams": JSON.stringify([{ name: "gate" }, { name: "podium", clipSeconds: 60 }]),
    ...more,
  };
}
