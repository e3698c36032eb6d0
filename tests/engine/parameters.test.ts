import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { Lambda } from "@aws-sdk/client-lambda";
import { type HeadObjectCommandOutput, S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import type { Cloud } from "../../local/cloud";
import { filmInto, type Persisted } from "../support/film";
import { footage } from "../support/footage";
import { signIn } from "../support/signIn";
import { until } from "../support/until";
import { type EngineProject, engineCli, OPERATION_MS, openProject } from "./support";

const SUBNETS = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"];
const SECURITY_GROUPS = ["sg-0a1b2c3d"];
const CLIP_SECONDS = 20;
/** The parameters of the template of the AWS blog post: the length of clips, Cognito, the VPC, the key. */
describe("each parameter of the blog's template, on Pulumi's engine", function () {
  this.timeout(OPERATION_MS);
  let project: EngineProject;
  let outputs: Record<string, { value: unknown }>;
  let phone: Cloud;
  let sent: Persisted[];
  let clips: HeadObjectCommandOutput[];

  before(async function () {
    const cli = await engineCli(this);
    this.timeout(3 * OPERATION_MS);
    project = await openProject(cli, { speed: 20 });
    project.configure((config) => {
      config["lastframe:clipSeconds"] = CLIP_SECONDS;
      config["lastframe:alarmThreshold"] = 2;
      config["lastframe:deviceSignIn"] = true;
      config["lastframe:deviceMfa"] = "off";
      config["lastframe:network"] = "existing";
      config["lastframe:subnetIds"] = SUBNETS;
      config["lastframe:securityGroupIds"] = SECURITY_GROUPS;
      config["lastframe:encryption"] = "new-key";
      config["lastframe:lockMode"] = "governance";
      config["lastframe:lockDays"] = 1;
    });
    ({ outputs } = await project.stack.up());
    phone = await signIn(project.cloud, outputs.phone?.value as string, "gate");
    const off = new AbortController();
    const filming = filmInto(phone, "gate", footage("clock.mkv"), { loop: true, signal: off.signal });
    await project.cloud.clock.sleep(3 * CLIP_SECONDS * 1000);
    off.abort();
    sent = await filming;
    await until(async () => {
      clips = await clipsOf("gate");
      return (
        clips.reduce((sum, { Metadata }) => sum + Number(Metadata?.["fragment-count"]), 0) >= sent.length
      );
    });
  });
  after(() => project?.close());

  async function clipsOf(stream: string): Promise<HeadObjectCommandOutput[]> {
    const s3 = new S3(project.cloud.clientConfig);
    const Bucket = outputs.bucket?.value as string;
    const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: `clips/stream=${stream}/` });
    return Promise.all(Contents.map(({ Key }) => s3.headObject({ Bucket, Key })));
  }

  /** When each fragment of a stream began, by the service. */
  async function serverTimes(stream: string): Promise<Map<string, number>> {
    const { Fragments = [] } = await new KinesisVideoArchivedMedia(project.cloud.clientConfig).listFragments({
      StreamName: stream,
      FragmentSelector: {
        FragmentSelectorType: "SERVER_TIMESTAMP",
        TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(project.cloud.clock.nowMs()) },
      },
    });
    return new Map(
      Fragments.map(({ FragmentNumber = "", ServerTimestamp }) => [
        FragmentNumber,
        ServerTimestamp?.getTime() ?? 0,
      ]),
    );
  }

  const functions = async () => {
    const { Functions = [] } = await new Lambda(project.cloud.clientConfig).listFunctions({});
    return Functions;
  };

  it("length of clips: all of a clip reached the stream between two times of a clock that strikes as often as was asked", async () => {
    const serverMs = await serverTimes("gate");

    const spans = clips.map(({ Metadata = {} }) =>
      [Metadata["first-fragment"], Metadata["last-fragment"]].map(
        (number = "") => (serverMs.get(number) ?? Number.NaN) / 1000 / CLIP_SECONDS,
      ),
    );

    expect(spans.length).to.be.above(1);
    for (const [first = 0, last = 1] of spans) expect(Math.floor(first)).to.equal(Math.floor(last));
    expect(Math.max(...spans.map(([first = 0, last = 0]) => last - first))).to.be.above(0.5);
  });

  it("Cognito: a signed-in phone sends to its own stream, and to no other", async () => {
    const elsewhere = await filmInto(phone, "podium", footage("clock.mkv")).catch(
      (error: Error) => error.name,
    );

    expect(sent.length).to.be.above(5);
    expect(elsewhere).to.match(/AccessDenied|NotAuthorized/);
  });

  it("VPC: every function runs in the subnets and security groups, and archived from there", async () => {
    const networks = (await functions()).map(({ VpcConfig }) => VpcConfig);

    expect(networks.length).to.be.above(4);
    for (const network of networks) {
      expect(network?.SubnetIds).to.deep.equal(SUBNETS);
      expect(network?.SecurityGroupIds).to.deep.equal(SECURITY_GROUPS);
    }
    expect(clips).to.have.length.above(0);
  });

  it("key: the stream, every clip and every function's environment are under the one customer key", async () => {
    const { StreamInfo } = await new KinesisVideo(project.cloud.clientConfig).describeStream({
      StreamName: "gate",
    });

    const key = StreamInfo?.KmsKeyId ?? "";
    expect(key).to.match(/^arn:aws:kms:/);
    expect(new Set(clips.map(({ SSEKMSKeyId }) => SSEKMSKeyId))).to.deep.equal(new Set([key]));
    expect(new Set((await functions()).map(({ KMSKeyArn }) => KMSKeyArn))).to.deep.equal(new Set([key]));
  });

  it("and Object Lock, which the template lacks: what was archived is held, and archiving went on", async () => {
    const s3 = new S3(project.cloud.clientConfig);
    const Bucket = outputs.bucket?.value as string;
    const { Versions = [] } = await s3.listObjectVersions({ Bucket, Prefix: "ledger/" });
    const [{ Key, VersionId } = {}] = Versions;

    const refusal = await s3.deleteObject({ Bucket, Key, VersionId }).catch((error: Error) => error.name);

    expect(refusal).to.equal("AccessDenied");
    for (const { ObjectLockMode } of clips) expect(ObjectLockMode).to.equal("GOVERNANCE");
  });
});
