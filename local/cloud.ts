import * as path from "node:path";
import { makeCloudWatch } from "./cloudwatch";
import { type Clock, makeClock } from "./core/clock";
import { lockFolder } from "./core/lock";
import type { InvokeTarget } from "./core/seams";
import { serve } from "./core/server";
import type { CloudDeps } from "./core/service";
import { openStore } from "./core/store";
import { makeEventBridge } from "./eventbridge";
import { makeIam } from "./iam";
import { makeKinesisVideo } from "./kinesisVideo";
import { makeLambda } from "./lambda";
import { makeLogs } from "./logs";
import type { ClientConfig } from "./provider/clients";
import { makeS3 } from "./s3";
import { makeSqs } from "./sqs";
import { makeStepFunctions } from "./stepFunctions";
import { makeSts } from "./sts";

/** How a local cloud is started. */
export interface CloudOptions {
  /** Where all state lives; a second start on the same folder carries on. */
  dataDir: string;
  /** Port on loopback; 0, the default, takes a free one. */
  port?: number;
  /** Cloud seconds per real second. */
  speed?: number;
  region?: string;
}

/** A running cloud. */
export interface Cloud {
  url: string;
  clock: Clock;
  region: string;
  accountId: string;
  /** For the constructor of any AWS SDK client: calls as the account's owner. */
  clientConfig: ClientConfig;
  /** Ends the server and every process. What was acknowledged is on disk before that already. */
  close(): Promise<void>;
}

/** The account that everything here belongs to; AWS reserves this number for examples. */
const ACCOUNT_ID = "123456789012";

/**
 * Starts AWS on this machine: every service behind one loopback endpoint, on one clock, over one data folder.
 * @throws when the port is taken, the folder is in use by another cloud, or its state cannot be read
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { dataDir, port = 0, speed = 1, region = "us-east-1" } = options;
  const unlock = lockFolder(dataDir);
  const store = openStore(dataDir);
  // A fast clock runs ahead of real time; after a restart it must not fall back behind what it has stamped.
  const lastSeen = store.document("clock", { nowMs: 0 });
  const clock = makeClock({ speed, startMs: Math.max(Date.now(), lastSeen.value.nowMs) });
  const rememberTime = () => {
    lastSeen.value.nowMs = clock.nowMs();
    lastSeen.save();
  };
  const timekeeper = setInterval(rememberTime, 1000);

  let url = "";
  const deps: CloudDeps = { clock, store, region, accountId: ACCOUNT_ID, endpointUrl: () => url };

  const iam = makeIam(deps);
  const { issueCredentials, callAs } = iam;
  const logs = makeLogs(deps);
  const { writeLog } = logs;
  const sqs = makeSqs(deps);
  const eventBridge = makeEventBridge({ ...deps, invokeTarget: (target) => invokeTarget(target) });
  const { publishEvent } = eventBridge;
  const s3 = makeS3({ ...deps, publishEvent });
  const cloudWatch = makeCloudWatch({ ...deps, publishEvent });
  const kinesisVideo = makeKinesisVideo({ ...deps, putMetric: cloudWatch.putMetric });
  const nodePath = path.join(__dirname, "..", "node_modules");
  const lambda = makeLambda({ ...deps, issueCredentials, writeLog, nodePath });
  const stepFunctions = makeStepFunctions({
    ...deps,
    callAs,
    invokeLambda: lambda.invoke,
    publishEvent,
    writeLog,
  });
  const sts = makeSts({ ...deps, iam });

  /** How EventBridge reaches its targets, told apart by the service in their ARN. */
  const invokeTarget: InvokeTarget = async (target) => {
    const { arn, roleArn, servicePrincipal, sourceArn, payload, messageAttributes = {} } = target;
    const call = callAs(roleArn ? { roleArn, sessionName: "EventBridge" } : { servicePrincipal, sourceArn });
    const service = arn.split(":")[2];
    if (service === "states") {
      await stepFunctions.operations.StartExecution({ stateMachineArn: arn, input: payload } as never, call);
    } else if (service === "lambda") {
      await lambda.invoke({ functionName: arn, payload, call });
    } else if (service === "sqs") {
      const QueueUrl = `${url}/${ACCOUNT_ID}/${arn.split(":").at(-1)}`;
      const attributes = Object.entries(messageAttributes).map(([name, value]) => [
        name,
        { DataType: "String", StringValue: value },
      ]);
      const message = { QueueUrl, MessageBody: payload, MessageAttributes: Object.fromEntries(attributes) };
      await sqs.operations.SendMessage(message as never, call);
    } else {
      throw new Error(
        `rules cannot reach ${arn} here; write the ARN of a state machine, a function or a queue`,
      );
    }
  };

  const services = [cloudWatch, eventBridge, iam, kinesisVideo, lambda, logs, s3, sqs, stepFunctions, sts];
  async function stop() {
    clearInterval(timekeeper);
    for (const service of services) await service.close();
    rememberTime();
    unlock();
  }

  try {
    const endpoint = await serve({
      port,
      services: services.map(({ http }) => http),
      gatekeeper: iam.gatekeeper,
      region,
      accountId: ACCOUNT_ID,
    });
    url = endpoint.url;
    return {
      url,
      clock,
      region,
      accountId: ACCOUNT_ID,
      clientConfig: {
        endpoint: url,
        region,
        credentials: { accessKeyId: "local", secretAccessKey: "local" },
      },
      async close() {
        await endpoint.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
