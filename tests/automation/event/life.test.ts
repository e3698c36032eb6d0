import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { acknowledgedBy, type EventCloud, fragmentsIn, OPERATION_MS, startEventCloud } from "./support";

describe("a recording event", function () {
  this.timeout(OPERATION_MS);
  let cloud: EventCloud;
  let id: string;
  before(async function () {
    cloud = await startEventCloud(this);
  });
  after(() => cloud?.close());

  const out = () => path.join(cloud.folder, "phones");
  const start = ["start", "derby", "--streams", "start,finish", "--ttl", "6h"];

  it("starts with a stack of its own, and says what each camera needs", async () => {
    const { code, stdout, stderr } = await cloud.done([...start, "--out", out()]);

    expect([code, stderr]).to.satisfy(([exit]: [number]) => exit === 0, stderr);
    expect(stdout).to.match(/^derby runs: 2 cameras, stack event-\d{8}-derby, until /);
    expect(stdout).to.include("start: stream derby-start in us-east-1").and.to.include("█▀▀▀▀▀█");
    expect(fs.readdirSync(out()).sort()).to.deep.equal([
      "finish.json",
      "finish.png",
      "start.json",
      "start.png",
    ]);
    expect(JSON.parse(fs.readFileSync(path.join(out(), "finish.json"), "utf8"))).to.deep.equal({
      event: "derby",
      camera: "finish",
      stream: "derby-finish",
      region: "us-east-1",
      endpoint: cloud.cloud.url,
    });
    id = await cloud.idOf("derby");
    expect(stderr).to.match(/making the stack: \d+ of \d+ resources, Recorder \d+ of \d+/);
  });

  it("changes nothing when it is started again, and says so", async () => {
    const { code, stdout } = await cloud.done([...start, "--json", "--out", out()]);

    const { unchanged, id: sameId, phase } = JSON.parse(stdout);
    expect([code, unchanged, sameId, phase]).to.deep.equal([0, true, id, "running"]);
  });

  it("records, and tells how each camera stands", async () => {
    const camera = await cloud.film("derby-start");
    await camera.has(20);
    // A camera that sends nothing for 45 s is silent; this machine may be slower than it by now.
    cloud.cloud.clock.setSpeed(2);
    const sending = JSON.parse((await cloud.done(["status", "derby", "--json"])).stdout);
    cloud.cloud.clock.setSpeed(20);
    await camera.stop();

    const [first, second] = sending.cameras;
    expect([sending.phase, sending.name]).to.deep.equal(["running", "derby"]);
    expect(sending.secondsLeft).to.be.within(1, 6 * 3600);
    expect(first).to.include({ camera: "start", activity: "sending" });
    expect(first.acknowledged).to.be.at.least(20).and.at.least(first.archived);
    expect(second).to.include({ camera: "finish", activity: "silent", acknowledged: 0, lagSeconds: 0 });
    const text = (await cloud.done(["status", "derby"])).stdout.split("\n");
    expect(text[0]).to.match(/^derby is running, \d+h\d+m left, as of /);
    expect(text[1]).to.match(/^camera +acknowledged +archived +lag +oldest not archived +gaps$/);
  });

  it("is watched without a terminal as plain lines, look below look, until Ctrl-C", async () => {
    const watching = cloud.event(["status", "derby", "--watch"]);
    await watching.prints(/(derby is running.*){3}/s);
    watching.process.kill("SIGINT");
    const { code, stdout } = await watching.ended;

    expect(code).to.equal(0);
    const lines = stdout.trimEnd().split("\n");
    const looks = lines.filter((line) => line.startsWith("derby is running"));
    expect(looks).to.have.length.at.least(3);
    expect(new Set(looks), "each is of another time").to.have.length(looks.length);
    // A headline, the columns' names and two cameras.
    expect(lines).to.have.length(4 * looks.length);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
    expect(stdout).not.to.match(/[\x00-\x09\x0b-\x1f]/);
  });

  it("gets more time", async () => {
    const { code, stdout } = await cloud.done(["extend", "derby", "--ttl", "2d"]);

    expect([code, stdout]).to.deep.equal([0, stdout]);
    expect(stdout).to.match(/^derby runs until .* \(2d\)\n$/);
    expect((await cloud.done(["list"])).stdout).to.match(new RegExp(`${id} +running +2 +1d2\\dh left`));
  });

  it("stops once its cameras are silent, with a manifest of every acknowledged fragment, and nothing left of its stack", async () => {
    const camera = await cloud.film("derby-finish", { file: "garden.mkv" });
    await camera.has(15);
    const stopping = cloud.event(["stop", "derby"]);
    await stopping.prints(/waiting for 1 camera to fall silent: derby-finish|waiting for 2 cameras/);
    await camera.stop();
    const { code, stdout, stderr } = await stopping.ended;

    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^derby is stopped: complete\n {2}cameras {4}2\n {2}archived {3}\d+ fragments/);
    const manifest = await cloud.manifest("derby");
    expect(fragmentsIn(manifest, "derby-finish")).to.deep.equal(acknowledgedBy(camera));
    expect(manifest.streams.map(({ compared }) => [compared.missing, compared.twice])).to.deep.equal([
      [0, 0],
      [0, 0],
    ]);
    expect(manifest.streams[0]?.recordings.length).to.be.at.least(1);
    expect(manifest.coverage.byAnyCamera.seconds).to.be.above(60);
    expect(await cloud.leftovers()).to.deep.equal([]);
  });

  it("tells how many fragments each camera has in the archive also when its stream is gone", async () => {
    const { cameras, phase } = JSON.parse((await cloud.done(["status", "derby", "--json"])).stdout);

    const totals = (await cloud.manifest("derby")).streams.map(({ compared }) => compared.listed);
    expect(phase).to.equal("stopped");
    expect(totals.every((total) => total >= 15)).to.equal(true);
    expect(
      cameras.map((one: { [member: string]: unknown }) => [one.activity, one.acknowledged, one.archived]),
    ).to.deep.equal(totals.map((total) => ["gone", total, total]));
  });

  it("is over then: stopping it again says the same, and its name is taken for today", async () => {
    const again = await cloud.done(["stop", "derby"]);
    const anew = await cloud.done(start);

    expect(again.code).to.equal(0);
    expect(again.stdout).to.match(/^derby is stopped: complete\n/);
    expect(again.stdout).to.contain(`manifest   s3://${cloud.bucket}/events/${id}/manifest.json\n`);
    expect([anew.code, anew.stderr]).to.deep.equal([
      64,
      `error: [NAME] derby is taken: the event ${id} was today and is over; choose another, such as derby-2\n`,
    ]);
  });
});
