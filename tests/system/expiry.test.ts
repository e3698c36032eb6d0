import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { awsEnvironment } from "../../local/engine/environment";
import { makeS3 } from "../../local/s3";
import { runCommand } from "../support/command";
import { footage } from "../support/footage";
import { serveServices } from "../support/localService";
import { makeManualClock } from "../support/manualClock";
import { deployRecording, type RecordingStack } from "../support/recording";

const DAY_MS = 86_400_000;

describe("an archive whose clips expire", function () {
  this.timeout(180_000);
  let stack: RecordingStack;
  before(async () => {
    const streams = [{ name: "gate", alarmThreshold: 2, clipSeconds: 10 }];
    stack = await deployRecording({ streams, clipExpiryDays: 1 });
  });
  after(() => stack?.close());

  it("is complete until then, and afterwards says of its clips that they expired, which is no damage", async () => {
    await stack.film("gate", footage("clock.mkv"));
    await stack.settled();
    const before = await stack.verify("gate");
    const verify = ["verify", "gate", "--bucket", stack.outputs.bucket];

    const s3 = await serveS3Later(stack, 3 * DAY_MS);
    const after = await runCommand("automation/archive.ts", verify, awsEnvironment(s3.clientConfig)).ended;
    await s3.close();

    expect(before.stdout).to.match(/^gate in s3:.*: complete\n/);
    expect(after.stdout).to.match(/^gate in s3:.*: expired by policy\n/);
    expect([before.code, after.code]).to.deep.equal([0, 0]);
  });
});

/** S3 with the same buckets, as much later. */
async function serveS3Later({ cloud, dataDir }: RecordingStack, laterMs: number) {
  const later = path.join(dataDir, "later");
  fs.cpSync(path.join(dataDir, "s3"), path.join(later, "s3"), { recursive: true });
  const { clock } = makeManualClock(cloud.clock.nowMs() + laterMs);
  return serveServices((deps) => [makeS3(deps).http], { dataDir: later, clock });
}
