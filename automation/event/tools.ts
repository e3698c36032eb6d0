import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { Vault } from "../../archive/ports";
import { type KinesisVideo, makeKinesisVideo } from "../../handlers/ports/kinesisVideo";
import { makeServiceClock, makeVault } from "../../handlers/ports/s3";
import { type BaseEnvironment, readBase } from "./baseEnvironment";
import { type Engine, openEngine } from "./engine";
import { failure } from "./failure";
import { makeStreamTags, type StreamTags } from "./own";
import { eventsFolder, makeRecords, type Records } from "./record";

/** What commands on events work with: the engine, the base environment, and its services. */
export interface Tools {
  engine: Engine;
  baseName: string;
  base: BaseEnvironment;
  records: Records;
  vault: Vault;
  /**
   * The time by S3's clock, in milliseconds since 1970 and to the second. An event's times are all of this clock, so it
   * does not matter what a machine that works on it takes the time to be.
   */
  now(): Promise<number>;
  kinesisVideo: KinesisVideo;
  streamTags: StreamTags;
  clients: {
    s3: S3Client;
    control: KinesisVideoClient;
    cloudWatch: CloudWatchClient;
    lambda: LambdaClient;
    sqs: SQSClient;
  };
}

/**
 * Opens the tools for the events of a base environment, does something with them, and puts them away.
 * @throws a failure where the CLI, the environment, its bucket or the credentials are missing
 */
export async function withTools<Result>(
  baseName: string,
  act: (tools: Tools) => Promise<Result>,
): Promise<Result> {
  const engine = await openEngine();
  try {
    const base = await readBase(engine, baseName);
    // Everything of an event is where its environment is, whatever this machine's own Region may be.
    process.env.AWS_REGION = base.region;
    const timeAt = makeServiceClock(base.bucket);
    const vault = makeVault(base.bucket);
    const control = new KinesisVideoClient({});
    const tools: Tools = {
      engine,
      baseName,
      base,
      records: makeRecords(vault, base.prefix),
      vault,
      now: () => timeAt(`${eventsFolder(base.prefix)}clock`),
      kinesisVideo: makeKinesisVideo(),
      streamTags: makeStreamTags(control),
      clients: {
        s3: new S3Client({}),
        control,
        cloudWatch: new CloudWatchClient({}),
        lambda: new LambdaClient({}),
        sqs: new SQSClient({}),
      },
    };
    return await act(tools);
  } catch (error) {
    if ((error as Error).name !== "NoSuchBucket") throw error;
    throw failure(
      "unavailable",
      `the bucket of ${baseName} is gone; bring it back with \`pulumi up --refresh --stack ${baseName}\`, then resume the event`,
      error,
    );
  } finally {
    engine.close();
  }
}
