import { expect } from "chai";
import { footage } from "../support/footage";
import { framesIn } from "../support/frames";
import { killFunction } from "../support/functionProcesses";
import { deployRecording, type RecordingStack } from "../support/recording";
import { until } from "../support/until";

const SEED = 20261122;
const KILLS = 50;

/** The archive function is killed at calls that the seed chooses, in these places; the numbers add up to the kills. */
const PLACES: {
  action: string;
  where?: { Key: string };
  crash: "before" | "during" | "after";
  times: number;
  probability?: number;
  atByte?: number;
}[] = [
  { action: "PutObject", where: { Key: "ledger/*" }, crash: "before", times: 6 },
  { action: "PutObject", where: { Key: "ledger/*" }, crash: "during", times: 6, atByte: 100 },
  { action: "PutObject", where: { Key: "ledger/*" }, crash: "after", times: 6 },
  { action: "PutObject", where: { Key: "clips/*" }, crash: "before", times: 3 },
  { action: "PutObject", where: { Key: "clips/*" }, crash: "during", times: 3, atByte: 10_000 },
  { action: "PutObject", where: { Key: "clips/*" }, crash: "after", times: 3 },
  { action: "CreateMultipartUpload", crash: "before", times: 2 },
  { action: "CreateMultipartUpload", crash: "after", times: 2 },
  { action: "UploadPart", crash: "before", times: 2 },
  { action: "UploadPart", crash: "during", times: 3, atByte: 1_000_000 },
  { action: "UploadPart", crash: "after", times: 3 },
  { action: "CompleteMultipartUpload", crash: "before", times: 2, probability: 0.8 },
  { action: "CompleteMultipartUpload", crash: "after", times: 3, probability: 0.8 },
  { action: "GetObject", crash: "before", times: 2 },
  { action: "GetObject", crash: "during", times: 2 },
  { action: "ListObjectsV2", crash: "after", times: 2 },
];

describe("a recording whose archive function is killed in the middle of its calls", function () {
  this.timeout(600_000);
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

  it(`keeps every coded frame in exactly one clip after ${KILLS} kills (seed ${SEED})`, async () => {
    stack = await deployRecording({ streams: [stream("small"), stream("large")] }, { speed: 10 });
    const chosen = { service: "s3", caller: "*/recorder-archive-clip*", probability: 0.4 };
    const rules = PLACES.map((place) => ({ ...chosen, ...place }));
    stack.cloud.faults.use({ seed: SEED, rules });

    const { signal } = power;
    const cameras = [
      stack.film("small", footage("garden.mkv"), { loop: true, signal }),
      // A clip with such a fragment goes to S3 in two parts.
      stack.film("large", footage("clock.mkv"), {
        loop: true,
        signal,
        padding: { fragmentBytes: 9_000_000, oneIn: 5 },
      }),
    ];
    await until(() => stack.cloud.faults.strikes.length === KILLS);
    power.abort();
    await Promise.all(cameras);
    await stack.settled();

    for (const name of ["small", "large"]) {
      const filmed = stack.framesFilmed(name);
      expect(filmed).to.have.length.above(700);
      expect(framesIn(await stack.clips(name)), name).to.deep.equal(filmed);
      expect((await stack.verify(name, "--deep")).stdout).to.match(/^.*: complete\n/);
    }
    expect(stack.cloud.faults.strikes).to.have.length(KILLS);
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

    const whole = await stack.verify("gate", "--deep");
    const asked = await stack.verify(
      "gate",
      "--deep",
      "--from",
      time(fromMs),
      "--to",
      time(lastMs + durationMs),
    );

    expect(kills).to.be.at.least(10);
    expect(whole.stdout).to.match(/^gate in s3:.*: complete\n/);
    expect(asked.stdout).to.match(/^gate in s3:.*: complete\n/);
    expect([whole.code, asked.code]).to.deep.equal([0, 0]);
    expect(framesIn(await stack.clips("gate"))).to.deep.equal(stack.framesFilmed("gate"));
  });
});
