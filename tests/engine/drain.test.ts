import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { S3 } from "@aws-sdk/client-s3";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { filmInto, type Persisted } from "../support/film";
import { footage } from "../support/footage";
import { type EngineProject, engineCli, leftBehind, OPERATION_MS, openProject } from "./support";

/** Nobody else archives here: the threshold is never reached, and Reconcile comes once a day. */
const DEAF = { alarmThreshold: 300, clipSeconds: 900 };

describe("a stream with footage that is not archived, on Pulumi's engine", function () {
  this.timeout(OPERATION_MS);
  let project: EngineProject;
  let bucket: string;
  let filmed: Persisted[];
  before(async function () {
    const cli = await engineCli(this);
    this.timeout(2 * OPERATION_MS);
    project = await openProject(cli, { speed: 60 });
    project.configure((config) => {
      config["lastframe:reconcileMinutes"] = 1440;
      config["lastframe:streams"] = [
        { name: "gate", ...DEAF },
        { name: "podium", ...DEAF },
      ];
    });
    const { outputs } = await project.stack.up();
    bucket = outputs.bucket?.value as string;
  });
  after(() => project?.close());

  const streams = async () => {
    const { StreamInfoList = [] } = await new KinesisVideo(project.cloud.clientConfig).listStreams({});
    return StreamInfoList.map(
      ({ StreamName, DataRetentionInHours }) => `${StreamName} ${DataRetentionInHours}`,
    );
  };
  /** Fragments in the bucket's clips of a stream. */
  const archived = async (stream: string) => {
    const s3 = new S3(project.cloud.clientConfig);
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: bucket, Prefix: `clips/stream=${stream}/` });
    const heads = Contents.map(({ Key }) => s3.headObject({ Bucket: bucket, Key }));
    const counts = (await Promise.all(heads)).map(({ Metadata }) => Number(Metadata?.["fragment-count"]));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => "no error",
      (error: Error) => error.message,
    );

  it("stays while its camera sends, whatever the list of streams says", async () => {
    const off = new AbortController();
    const filming = filmInto(project.cloud, "podium", footage("garden.mkv"), {
      loop: true,
      signal: off.signal,
    });
    project.configure((config) => {
      config["lastframe:streams"] = [{ name: "gate", ...DEAF }];
    });

    const error = await failure(project.stack.up());
    off.abort();
    filmed = await filming;

    expect(error).to.match(/CameraSends.*podium still receives video.*Stop the camera and run this again/);
    expect(await streams()).to.deep.equal(["gate 48", "podium 48"]);
  });

  it("stays while it cannot be archived, and what is owed is told", async () => {
    const fail = { code: "AccessDeniedException", status: 403 };
    project.cloud.faults.use({ rules: [{ service: "kinesisvideo", action: "GetClip", fail }] });

    const error = await failure(project.stack.up());
    project.cloud.faults.use({ rules: [] });

    expect(error).to.match(/FootageOwed.*\d+ fragments of podium .* are acknowledged and not archived/);
    expect(await streams()).to.deep.equal(["gate 48", "podium 48"]);
  });

  it("goes when the camera is off, drained, and its footage stays", async () => {
    await project.stack.up();

    expect(await streams()).to.deep.equal(["gate 48"]);
    // The camera was cut off: it may not have heard the last acknowledgement.
    expect(await archived("podium")).to.be.oneOf([filmed.length, filmed.length + 1]);
  });

  it("is drained before its retention is lowered, and keeps it where that fails", async () => {
    project.configure((config) => {
      config["lastframe:streams"] = [{ name: "gate", ...DEAF, retentionHours: 25 }];
    });
    const fail = { code: "AccessDeniedException", status: 403 };
    project.cloud.faults.use({ rules: [{ service: "kinesisvideo", action: "ListFragments", fail }] });
    const changed: string[] = [];
    const note = ({ resOutputsEvent }: EngineEvent) => {
      const { op, urn } = resOutputsEvent?.metadata ?? {};
      if (op !== "same") changed.push(urn?.split("$").at(-1) ?? "");
    };

    const error = await failure(project.stack.up());
    const kept = await streams();
    project.cloud.faults.use({ rules: [] });
    await project.stack.up({ onEvent: note });

    expect(error).to.contain("AccessDenied");
    expect(kept).to.deep.equal(["gate 48"]);
    expect(await streams()).to.deep.equal(["gate 25"]);
    // The provider would make the stream anew.
    expect(changed).to.include("aws:lambda/invocation:Invocation::gate");
    expect(changed).to.not.include("aws:kinesis/videoStream:VideoStream::gate");
  });

  it("is drained before its key is switched, which makes the stream anew", async () => {
    const { length } = await filmInto(project.cloud, "gate", footage("clock.mkv"));
    project.configure((config) => {
      config["lastframe:encryption"] = "new-key";
    });

    await project.stack.up();

    const { StreamInfo } = await new KinesisVideo(project.cloud.clientConfig).describeStream({
      StreamName: "gate",
    });
    expect(await archived("gate")).to.equal(length);
    expect(StreamInfo?.KmsKeyId).to.match(/:key\//);
  });

  it("is drained by `destroy`, which leaves the bucket with all footage, its access log, and nothing else", async () => {
    const before = await archived("gate");
    const camera = { ...project.cloud, clientConfig: await cameraOf("lastframe/dev") };
    const { length } = await filmInto(camera, "gate", footage("clock.mkv"));

    await project.stack.destroy();

    const left = await leftBehind(project);
    expect(left).to.have.length(2).and.include(`bucket ${bucket}`);
    expect(left.find((one) => one !== `bucket ${bucket}`)).to.match(/^bucket archive-log-/);
    expect(await archived("gate")).to.equal(before + length);
  });

  /** A user for cameras. The stack's own key lets in those that bear the stack's tag, and not even the account's owner. */
  async function cameraOf(stack: string) {
    const iam = new IAM(project.cloud.clientConfig);
    const UserName = "camera";
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: [
            "kinesisvideo:DescribeStream",
            "kinesisvideo:GetDataEndpoint",
            "kinesisvideo:PutMedia",
            "kms:GenerateDataKey",
          ],
          Resource: "*",
        },
      ],
    });
    await iam.createUser({ UserName, Tags: [{ Key: "stack", Value: stack }] });
    await iam.putUserPolicy({ UserName, PolicyName: UserName, PolicyDocument });
    const { AccessKey } = await iam.createAccessKey({ UserName });
    const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "" } = AccessKey ?? {};
    return { ...project.cloud.clientConfig, credentials: { accessKeyId, secretAccessKey } };
  }
});
