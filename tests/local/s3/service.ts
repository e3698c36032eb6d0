import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { S3 } from "@aws-sdk/client-s3";
import type { Clock } from "../../../local/core/clock";
import type { PublishEvent } from "../../../local/core/seams";
import { makeS3 } from "../../../local/s3";
import { serveServices } from "../../support/localService";

/** S3 behind an endpoint, with a client and one bucket. */
export interface ServedS3 {
  client: S3;
  url: string;
  dataDir: string;
  /** What was published to EventBridge. */
  events: Parameters<PublishEvent>[0][];
  /** Ends it; with `keep`, leaves the data folder to the next one. */
  stop(options?: { keep: boolean }): Promise<void>;
}

/** The bucket that every test has. */
export const Bucket = "footage";

/** Starts S3 over a folder of its own, or over that of one that was stopped. */
export async function startS3(
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-s3-")),
  clock?: Clock,
): Promise<ServedS3> {
  const events: ServedS3["events"] = [];
  const publishEvent: PublishEvent = (event) => void events.push(event);
  let s3: ReturnType<typeof makeS3> | undefined;
  const served = await serveServices(
    (deps) => {
      s3 = makeS3({ ...deps, publishEvent });
      return [s3.http];
    },
    { dataDir, clock },
  );
  const client = new S3(served.clientConfig);
  await client.createBucket({ Bucket });
  return {
    client,
    url: served.url,
    dataDir,
    events,
    async stop({ keep } = { keep: false }) {
      client.destroy();
      await served.close();
      s3?.close();
      if (!keep) fs.rmSync(dataDir, { recursive: true });
    },
  };
}

/** Every file that holds bytes of objects, parts, or uploads being received. */
export function byteFiles(dataDir: string): string[] {
  const names = fs.readdirSync(path.join(dataDir, "s3"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".bin") || /^incoming\/./.test(name));
}
