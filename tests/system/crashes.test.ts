import { expect } from "chai";
import { footage } from "../support/footage";
import { framesIn } from "../support/frames";
import { killFunction } from "../support/functionProcesses";
import { deployRecording, type RecordingStack } from "../support/recording";

const SEED = 20261122;
const KILLS = 50;

/** Places in which the archive function may be killed; which of these calls kill it, the seed decides. */
const PLACES: { action: string; where?: { Key: string }; crash: string; times: number; atByte?: number }[] = [
  { action: "PutObject", where: { Key: "ledger/*" }, crash: "before", times: 8 },
  { action: "PutObject", where: { Key: "ledger/*" }, crash: "during", times: 8, atByte: 100 },
  { action: "PutObject", where: { Key: "ledger/*" }, crash: "after", times: 8 },
  { action: "PutObject", where: { Key: "clips/*" }, crash: "before", times: 5 },
  { action: "PutObject", where: { Key: "clips/*" }, crash: "during", times: 5, atByte: 10_000 },
  { action: "PutObject", where: { Key: "clips/*" }, crash: "after", times: 5 },
  { action: "CreateMultipartUpload", crash: "before", times: 4 },
  { action: "CreateMultipartUpload", crash: "after", times: 4 },
  { action: "UploadPart", crash: "before", times: 4 },
  { action: "UploadPart", crash: "during", times: 4, atByte: 1_000_000 },
  { action: "UploadPart", crash: "after", times: 4 },
  { action: "CompleteMultipartUpload", crash: "before", times: 4 },
  { action: "CompleteMultipartUpload", crash: "after", times: 4 },
  { action: "GetObject", crash: "during", times: 2 },
  { action: "ListObjectsV2", crash: "after", times: 2 },
];

describe("a recording whose archive function is killed in the middle of its calls", function () {
  this.timeout(900_000);
  const stream = (name: string) => ({ name, alarmThreshold: 2, clipSeconds: 10 });
  let stack: RecordingStack;
  let power: AbortController;
  beforeEach(() => {
    power = new AbortController();
  });
  afterEach(async () => {
    power.abort();
    await stack?.close();
  });

  it(`keeps every coded frame in exactly one clip after ${KILLS} kills or more (seed ${SEED})`, async () => {
    stack = await deployRecording({ streams: [stream("gate")] }, { speed: 20 });
    const chosen = { service: "s3", caller: "*/recorder-archive-clip*", probability: 0.4 };
    const rules = PLACES.map((place) => ({ ...chosen, ...place }));
    stack.cloud.faults.use({ seed: SEED, rules });

    // A clip with a padded fragment goes to S3 in two parts, the others in one piece.
    const padding = { fragmentBytes: 9_000_000, oneIn: 15 };
    while (stack.cloud.faults.strikes.length < KILLS) {
      await stack.film("gate", footage("clock.mkv"), { padding });
    }
    await stack.settled();
    const struck = stack.cloud.faults.strikes.map(({ action, effect }) => `${action} ${effect}`);
    const verified = await stack.verify("gate", "--deep");

    expect(struck).to.include.members(['PutObject crash: "after"', 'UploadPart crash: "during"']);
    expect(verified.stdout).to.match(/^gate in s3:.*: complete\n/);
    expect(stack.framesFilmed("gate")).to.have.length.above(700);
    expect(framesIn(await stack.clips("gate"))).to.deep.equal(stack.framesFilmed("gate"));
  });

  it("is complete when it was killed every 20 s for five minutes under a live camera", async () => {
    stack = await deployRecording({ streams: [stream("gate")] }, { speed: 5 });
    const { clock } = stack.cloud;
    const fromMs = clock.nowMs();
    const filming = stack.film("gate", footage("garden.mkv"), { loop: true, signal: power.signal });
    let kills = 0;
    while (clock.nowMs() - fromMs < 300_000) {
      await clock.sleep(20_000);
      kills += killFunction("recorder-archive-clip");
    }
    power.abort();
    const persisted = await filming;
    await stack.settled();
    const { producerTimestampMs: lastMs, durationMs } = persisted.at(-1)!;
    const time = (timeMs: number) => new Date(timeMs).toISOString();

    const range = ["--from", time(fromMs), "--to", time(lastMs + durationMs)];

    const whole = await stack.verify("gate", "--deep");
    const early = await stack.verify("gate", "--deep", ...range);
    // A slow fragment may be listed for three quarters of an hour: then a sweep knows.
    clock.setSpeed(120);
    await clock.sleep(90 * 60_000);
    const asked = await stack.verify("gate", "--deep", ...range);

    expect(kills).to.be.at.least(10);
    expect(whole.stdout).to.match(/^gate in s3:.*: complete\n/);
    expect(early.stdout).to.match(/^gate in s3:.*: not yet swept\n/);
    expect(asked.stdout).to.match(/^gate in s3:.*: complete\n/);
    expect([whole.code, early.code, asked.code]).to.deep.equal([0, 0, 0]);
    expect(framesIn(await stack.clips("gate"))).to.deep.equal(stack.framesFilmed("gate"));
  });
});
