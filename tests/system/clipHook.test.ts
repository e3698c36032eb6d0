import * as fs from "node:fs";
import * as path from "node:path";
import { IAM } from "@aws-sdk/client-iam";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { strToU8, zipSync } from "fflate";
import type { Cloud } from "../../local/cloud";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";

const docs = path.join(__dirname, "..", "..", "docs");
const FUNCTION = "playlist";

/** The policy that the page says the function needs. */
const documentedPolicy = (bucket: string) => {
  const page = fs.readFileSync(path.join(docs, "clip-hook.md"), "utf8");
  const [, policy = ""] = /```json\n(\{[\s\S]*?)```/.exec(page) ?? [];
  return policy.replaceAll("BUCKET", bucket);
};

/** Makes the function of `docs/clip-hook.md`; its bucket is not there yet. */
async function makeFunction(cloud: Cloud): Promise<{ clipHook: string }> {
  const iam = new IAM(cloud.clientConfig);
  const trust = { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" };
  const { Role } = await iam.createRole({
    RoleName: FUNCTION,
    AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
  });
  const code = fs.readFileSync(path.join(docs, "examples", "playlist.cjs"), "utf8");
  const { FunctionArn = "" } = await new Lambda(cloud.clientConfig).createFunction({
    FunctionName: FUNCTION,
    Role: Role?.Arn,
    Runtime: "nodejs24.x",
    Handler: "playlist.handler",
    Timeout: 30,
    Code: { ZipFile: zipSync({ "playlist.cjs": strToU8(code) }) },
  });
  return { clipHook: FunctionArn };
}

describe("the example of a clip hook, deployed as its page says", function () {
  this.timeout(120_000);
  let stack: RecordingStack;
  before(async () => {
    const streams = [{ name: "gate", alarmThreshold: 2, clipSeconds: 10 }];
    stack = await deployRecording({ streams, prefix: "derby/" }, { prepare: makeFunction });
    const { clientConfig } = stack.cloud;
    const { bucket } = stack.outputs;
    await new IAM(clientConfig).putRolePolicy({
      RoleName: FUNCTION,
      PolicyName: "documented",
      PolicyDocument: documentedPolicy(bucket).replaceAll("/playlists/", "/derby/playlists/"),
    });
    const Environment = { Variables: { BUCKET: bucket } };
    await new Lambda(clientConfig).updateFunctionConfiguration({ FunctionName: FUNCTION, Environment });
  });
  after(() => stack?.close());

  it("has every clip of the day in its playlist, in the order in which they were filmed", async () => {
    await stack.film("gate", footage("clock.mkv"));
    await stack.settled();
    const clips = (await stack.clips("gate")).map(({ key }) => `s3://${stack.outputs.bucket}/${key}`);

    const playlist = await untilPlaylistHas(clips.length);

    expect(playlist[0]).to.equal("#EXTM3U");
    expect(playlist.slice(1)).to.deep.equal(clips.sort());
    expect(clips.length).to.be.above(2);
  });

  /** Events may be on their way after the clip is there. */
  async function untilPlaylistHas(count: number): Promise<string[]> {
    const s3 = new S3(stack.cloud.clientConfig);
    const Bucket = stack.outputs.bucket;
    for (;;) {
      const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: "derby/playlists/" });
      const lines: string[] = [];
      for (const { Key } of Contents) {
        const { Body } = await s3.getObject({ Bucket, Key });
        lines.push(...((await Body?.transformToString()) ?? "").split("\n").filter((line) => line));
      }
      if (lines.filter((line) => line.startsWith("s3://")).length >= count) return lines;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
});
