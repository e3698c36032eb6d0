import * as path from "node:path";
import { makeCloudWatch } from "./cloudWatch";
import { makeCognitoIdentityPools } from "./cognito/identityPools";
import { makeCognitoUserPools } from "./cognito/userPools";
import { type AdjustableClock, makeClock } from "./core/clock";
import { type Faults, makeFaults, type Strike } from "./core/faults";
import { lockFolder } from "./core/lock";
import type { InvokeTarget, PutMetric } from "./core/seams";
import { openEndpoint } from "./core/server";
import type { CloudDeps } from "./core/service";
import { openStore, type Store } from "./core/store";
import { makeEventBridge } from "./eventBridge";
import { makeIam } from "./iam";
import type { Judgement } from "./iam/authorization";
import { makeKinesisVideo } from "./kinesisVideo";
import { makeKms } from "./kms";
import { makeLambda } from "./lambda";
import { makeLogs } from "./logs";
import type { ClientConfig } from "./provider/clients";
import { makeS3 } from "./s3";
import { makeSns } from "./sns";
import { makeSqs } from "./sqs";
import { makeStepFunctions } from "./stepFunctions";
import { makeSts } from "./sts";
import { makeInvokeTarget } from "./targets";

/** How a local cloud is started. */
export interface CloudOptions {
  /** Where all state lives; a second start on the same folder carries on. */
  dataDir: string;
  /** Port on loopback; 0, the default, takes a free one. */
  port?: number;
  /** Cloud seconds per real second. */
  speed?: number;
  region?: string;
  /** A script of faults that is in force from the start (`FaultScript`). */
  faults?: unknown;
  /** Told of each call that a fault strikes. */
  onStrike?: (strike: Strike) => void;
  /** Told of each permission that a call needed, and whether IAM allowed it. */
  onJudgement?: (judgement: Judgement) => void;
}

/** A running cloud. */
export interface Cloud {
  url: string;
  /** All services' time; how fast it runs can change at any time. */
  clock: AdjustableClock;
  region: string;
  accountId: string;
  /** What is to go wrong, which can change at any time. */
  faults: Faults;
  /** For the constructor of any AWS SDK client: calls as the account's owner. */
  clientConfig: ClientConfig;
  /** Ends the server and every process. What was acknowledged is on disk before that already. */
  close(): Promise<void>;
}

/** The account that everything here belongs to; AWS reserves this number for examples. */
const ACCOUNT_ID = "123456789012";

/**
 * Starts AWS on this machine: every service behind one loopback endpoint, on one clock, over one data folder.
 * @throws when the port is taken, the folder is in use by another cloud, its state cannot be read, or the faults are not a script
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const cloud = await open(options);
  try {
    if (options.faults !== undefined) cloud.faults.use(options.faults);
    return cloud;
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

async function open(options: CloudOptions): Promise<Cloud> {
  const { port = 0, speed = 1, region = "us-east-1", onStrike, onJudgement } = options;
  const dataDir = path.resolve(options.dataDir);
  const endpoint = await openEndpoint(port);
  try {
    const unlock = lockFolder(dataDir);
    const store = openStore(dataDir);
    const clock = openClock(store, speed);
    const deps: CloudDeps = { clock, store, region, accountId: ACCOUNT_ID, endpointUrl: () => endpoint.url };
    const { services, gatekeeper, faults } = makeServices(deps, { onStrike, onJudgement });
    endpoint.serve({ services: services.map(({ http }) => http), gatekeeper, region, accountId: ACCOUNT_ID });
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    return {
      url: endpoint.url,
      clock,
      region,
      accountId: ACCOUNT_ID,
      faults,
      clientConfig: { endpoint: endpoint.url, region, credentials },
      async close() {
        faults.close();
        await endpoint.close();
        for (const service of services) await service.close();
        // What a call still has to write belongs into the folder before anyone else may have it.
        await endpoint.idle();
        clock.close();
        unlock();
      },
    };
  } catch (error) {
    await endpoint.close();
    throw error;
  }
}

/** Makes every service and hands each what it needs of the others. */
function makeServices(
  base: CloudDeps,
  { onStrike, onJudgement }: Pick<CloudOptions, "onStrike" | "onJudgement">,
) {
  // Crashes end processes of Lambda, which is itself made behind the faults.
  const functions = {
    runs: (accessKeyId: string) => lambda.processes.runs(accessKeyId),
    kill: (accessKeyId: string) => lambda.processes.kill(accessKeyId),
  };
  const faults = makeFaults({ clock: base.clock, functions, onStrike });
  const deps = { ...base, guard: faults.guard };
  const iam = makeIam(deps, { onJudgement });
  const { issueCredentials, callAs, gatekeeper, trusts } = iam;
  const kms = makeKms({ ...deps, roleExists: (roleArn) => iam.findRole(roleArn) !== undefined });
  const { useKey } = kms;
  const logs = makeLogs({ ...deps, useKey, callAs });
  const { writeLog } = logs;
  // Rules and alarms reach services that publish to them in turn, so the way to them is known only when all are made.
  const reach: InvokeTarget = (target) => invokeTarget(target);
  const putMetric: PutMetric = (datum) => cloudWatch.putMetric(datum);
  const sqs = makeSqs({ ...deps, useKey, putMetric });
  const eventBridge = makeEventBridge({ ...deps, invokeTarget: reach, putMetric });
  const { publishEvent } = eventBridge;
  const s3 = makeS3({ ...deps, publishEvent, useKey });
  const cloudWatch = makeCloudWatch({ ...deps, publishEvent, invokeTarget: reach });
  const sns = makeSns({ ...deps, invokeTarget: reach, putMetric, useKey });
  const { publishToTopic } = sns;
  const kinesisVideo = makeKinesisVideo({ ...deps, putMetric, useKey, publishToTopic });
  const nodePath = path.join(__dirname, "..", "node_modules");
  const lambda = makeLambda({
    ...deps,
    issueCredentials,
    writeLog,
    callAs,
    useKey,
    putMetric,
    nodePath,
    trusts,
    invokeTarget: reach,
  });
  const invokeLambda = lambda.invoke;
  const stepFunctions = makeStepFunctions({
    ...deps,
    callAs,
    invokeLambda,
    publishEvent,
    putMetric,
    writeLog,
    trusts,
  });
  const sts = makeSts({ ...deps, iam });
  const userPools = makeCognitoUserPools(deps);
  const { holderOf } = userPools;
  const { trustsWebIdentity } = iam;
  const identityPools = makeCognitoIdentityPools({ ...deps, issueCredentials, trustsWebIdentity, holderOf });
  const invokeTarget = makeInvokeTarget(deps, { callAs, eventBridge, lambda, sns, sqs, stepFunctions });

  // In the order in which they are closed: first what starts work, last what keeps its record.
  const services = [
    cloudWatch,
    eventBridge,
    stepFunctions,
    lambda,
    kinesisVideo,
    sns,
    s3,
    sqs,
    sts,
    identityPools,
    userPools,
    kms,
    iam,
    logs,
  ];
  return { services, gatekeeper, faults };
}

/** A fast clock runs ahead of real time; after a restart it must not fall back behind what it has stamped. */
function openClock(store: Store, speed: number): AdjustableClock & { close(): void } {
  const lastSeen = store.document("clock", { nowMs: 0 });
  const clock = makeClock({ speed, startMs: Math.max(Date.now(), lastSeen.value.nowMs) });
  const remember = () => {
    lastSeen.value.nowMs = clock.nowMs();
    lastSeen.save();
  };
  const timekeeper = setInterval(remember, 1000);
  return Object.assign(clock, {
    close() {
      clearInterval(timekeeper);
      remember();
    },
  });
}
