import * as fs from "node:fs";
import * as path from "node:path";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { KMS } from "@aws-sdk/client-kms";
import { Lambda } from "@aws-sdk/client-lambda";
import { expect } from "chai";
import { loadFreshProgram } from "../../support/freshProgram";
import { type AppConfiguration, firstSignIn } from "../../support/signIn";
import { acknowledgedBy, type EventCloud, fragmentsIn, OPERATION_MS, startEventCloud } from "./support";

describe("an event whose phones sign in, in an environment with a key and subnets of its own", function () {
  this.timeout(OPERATION_MS);
  const subnetIds = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"];
  const securityGroupIds = ["sg-0a1b2c3d"];
  let cloud: EventCloud;
  let keyArn: string;
  let functionsOfBase: string[];
  let printed = "";
  before(async function () {
    const settings = {
      deviceSignIn: "true",
      deviceMfa: "off",
      encryption: "new-key",
      network: "existing",
      subnetIds,
      securityGroupIds,
    };
    cloud = await startEventCloud(this, { base: loadFreshProgram, settings });
    const { Keys = [] } = await new KMS(cloud.cloud.clientConfig).listKeys({});
    keyArn = Keys.map(({ KeyArn }) => KeyArn).join();
    functionsOfBase = (await functions()).map(({ FunctionName = "" }) => FunctionName);
  });
  after(() => cloud?.close());

  const functions = async () =>
    (await new Lambda(cloud.cloud.clientConfig).listFunctions({})).Functions ?? [];
  const out = (folder = "phones") => path.join(cloud.folder, folder);
  const settingsOf = (camera: string, folder?: string) =>
    JSON.parse(fs.readFileSync(path.join(out(folder), `${camera}.json`), "utf8"));
  const start = (folder: string, ...more: string[]) =>
    cloud
      .done(["start", "derby", "--streams", "start,finish", "--out", out(folder), ...more])
      .then((ended) => {
        printed += ended.stdout + ended.stderr;
        return ended;
      });
  const users = async () => {
    const { CognitoUserPool } = settingsOf("start").signIn as AppConfiguration;
    const pools = new CognitoIdentityProvider(cloud.cloud.clientConfig);
    const { Users = [] } = await pools.listUsers({ UserPoolId: CognitoUserPool.Default.PoolId });
    return Users.map(({ Username, Attributes = [] }) => [
      Username,
      Attributes.find(({ Name }) => Name === "custom:stream")?.Value,
    ]).sort();
  };
  const chosenPassword = "Filming-4-the-derby!";
  const passwordless = ({ password, ...rest }: { password?: string }) => rest;

  it("gives each camera a user that may send to its stream, and a one-time password in its settings", async () => {
    const { code, stderr } = await start("phones");

    expect(code, stderr).to.equal(0);
    const id = await cloud.idOf("derby");
    expect(settingsOf("start")).to.include({ user: `${id}-start`, stream: "derby-start" });
    expect(settingsOf("start").password)
      .to.have.length.above(14)
      .and.not.equal(settingsOf("finish").password);
    expect(fs.statSync(path.join(out(), "start.json")).mode & 0o077).to.equal(0);
    expect(await users()).to.deep.equal([
      [`${id}-finish`, "derby-finish"],
      [`${id}-start`, "derby-start"],
    ]);
  });

  it("has its functions in these subnets, and its streams encrypted with the key", async () => {
    const ofEvent = (await functions()).filter(
      ({ FunctionName = "" }) => !functionsOfBase.includes(FunctionName),
    );
    const streams = await new KinesisVideo(cloud.cloud.clientConfig).listStreams({
      StreamNameCondition: { ComparisonOperator: "BEGINS_WITH", ComparisonValue: "derby-" },
    });

    const places = ofEvent.map(({ VpcConfig }) => [VpcConfig?.SubnetIds, VpcConfig?.SecurityGroupIds]);
    expect(places).to.have.length.at.least(5);
    for (const place of places) expect(place).to.deep.equal([subnetIds, securityGroupIds]);
    expect(keyArn).to.match(/^arn:aws:kms:[^,]+$/);
    expect(streams.StreamInfoList?.map(({ KmsKeyId }) => KmsKeyId)).to.deep.equal([keyArn, keyArn]);
  });

  it("changes no password when it is started again, with the settings at hand or without", async () => {
    const before = settingsOf("start");

    const again = await start("phones");
    const elsewhere = await start("elsewhere", "--json");

    expect([again.code, elsewhere.code]).to.deep.equal([0, 0]);
    expect(settingsOf("start")).to.deep.equal(before);
    expect(settingsOf("start", "elsewhere")).to.deep.equal(passwordless(before));
  });

  it("gives a camera another password when it is told to, and leaves the others alone", async () => {
    const before = ["start", "finish"].map((camera) => settingsOf(camera));
    await start("phones", "--new-passwords", "finish");
    const [first, second] = ["start", "finish"].map((camera) => settingsOf(camera));

    const signIn = (settings: Parameters<typeof firstSignIn>[2] & { signIn: AppConfiguration }) =>
      firstSignIn(cloud.cloud, settings.signIn, { ...settings, chosenPassword }).catch(({ name }) => name);
    const withOld = await signIn(before[1]);
    const withNew = await signIn(second);

    expect(first).to.deep.equal(before[0]);
    expect(withOld).to.equal("NotAuthorizedException");
    expect(withNew).to.include.keys("sessionToken");
  });

  it("lets a phone sign in with that, and send to its own stream and to no other", async () => {
    const { signIn, user, password } = settingsOf("start");
    const credentials = await firstSignIn(cloud.cloud, signIn, { user, password, chosenPassword });
    const client = new KinesisVideoClient({ ...cloud.cloud.clientConfig, credentials, maxAttempts: 1 });
    const camera = await cloud.film("derby-start", { client });
    await camera.has(10);
    await camera.stop();

    const stranger = await cloud.film("derby-finish", { client });
    expect(String(await stranger.ended)).to.match(/not authorized/i);
    const { code, stderr } = await cloud.done(["stop", "derby"]);
    expect(code, stderr).to.equal(0);
    const manifest = await cloud.manifest("derby");
    expect([manifest.answer, fragmentsIn(manifest)]).to.deep.equal(["complete", acknowledgedBy(camera)]);
  });

  it("has its clips and all else that it leaves encrypted with the key", async () => {
    const { Contents = [] } = await cloud.s3.listObjectsV2({ Bucket: cloud.bucket, Prefix: "events/" });

    const keys = Contents.map(({ Key = "" }) => Key);
    const heads = await Promise.all(keys.map((Key) => cloud.s3.headObject({ Bucket: cloud.bucket, Key })));
    expect(keys.filter((key) => key.includes("/clips/"))).not.to.deep.equal([]);
    expect(
      keys.filter((_, index) => heads[index]?.SSEKMSKeyId !== keyArn),
      "not with the key",
    ).to.deep.equal([]);
    expect(new Set(heads.map(({ ServerSideEncryption }) => ServerSideEncryption))).to.have.all.keys(
      "aws:kms",
    );
  });

  it("leaves no user, and no password in a state, a log or the bucket", async () => {
    const passwords = ["start", "finish"].map((camera) => settingsOf(camera).password as string);
    const kept = fs
      .readdirSync(cloud.folder, { recursive: true, encoding: "utf8" })
      .filter((file) => !file.startsWith("phones"))
      .map((file) => path.join(cloud.folder, file))
      .filter((file) => fs.statSync(file).isFile());

    const found = kept.filter((file) => {
      const text = fs.readFileSync(file, "utf8");
      return passwords.some((password) => text.includes(password));
    });

    expect(found).to.deep.equal([]);
    expect(passwords.filter((password) => printed.includes(password))).to.deep.equal([]);
    expect(printed).not.to.include("█");
    expect(await users()).to.deep.equal([]);
    expect(await cloud.leftovers()).to.deep.equal([]);
  });
});
