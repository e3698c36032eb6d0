import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  DeleteStreamCommand,
  DescribeStreamCommand,
  KinesisVideoClient,
  UpdateDataRetentionCommand,
} from "@aws-sdk/client-kinesis-video";
import { GetMediaForFragmentListCommand } from "@aws-sdk/client-kinesis-video-archived-media";
import { expect } from "chai";
import { makeManualClock } from "../../support/manualClock";
import { openProducer, putAll } from "./producer";
import { allFragments, createStream, failureOf, type ServedKinesisVideo, serveKinesisVideo } from "./service";
import { END_OF_FRAGMENT, fragmentOf, headerOf, START_MS, videoTrack } from "./streamBytes";

const CLIENT = { region: "us-east-1", credentials: { accessKeyId: "AKIDOWNER", secretAccessKey: "secret" } };
const HOUR_MS = 3_600_000;

describe("The media of Kinesis Video on disk", () => {
  const header = headerOf(videoTrack());
  const cluster = fragmentOf({ timecodeMs: START_MS });
  let dataDir: string;

  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  });

  afterEach(() => fs.rmSync(dataDir, { recursive: true }));

  const inStreamFolder = (...names: string[]) => {
    const [streamFolder = ""] = fs.readdirSync(path.join(dataDir, "kinesisVideo"));
    return path.join(dataDir, "kinesisVideo", streamFolder, ...names);
  };

  async function mediaOf({ archive }: ServedKinesisVideo, number: string | undefined): Promise<Buffer> {
    const Fragments = [String(number)];
    const { Payload } = await archive.send(
      new GetMediaForFragmentListCommand({ StreamName: "gate", Fragments }),
    );
    return Buffer.from((await Payload?.transformToByteArray()) ?? []);
  }

  it("holds a fragment from the moment it is PERSISTED, even if the process is killed then", async () => {
    const register = ["-r", "ts-node/register/transpile-only"];
    const script = path.join(__dirname, "servingProcess.ts");
    const killed = spawn(process.execPath, [...register, script, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(killed.stdout, "data")) as [Buffer];
    const url = line.toString().trim();
    await createStream({ control: new KinesisVideoClient({ endpoint: url, ...CLIENT }) });
    const producer = openProducer(url);
    await producer.send(header, cluster, END_OF_FRAGMENT);
    const { FragmentNumber } = await producer.ack("PERSISTED");

    killed.kill("SIGKILL");
    await once(killed, "exit");
    const kinesisVideo = await serveKinesisVideo({ dataDir });

    expect((await mediaOf(kinesisVideo, FragmentNumber)).includes(Buffer.from(cluster))).to.equal(true);
    await kinesisVideo.close();
  });

  it("goes on after a restart with the same streams, the same fragments and higher numbers", async () => {
    const before = await serveKinesisVideo({ dataDir });
    const streamArn = await createStream(before);
    await putAll(before.url, [header, cluster]);
    const held = await allFragments(before);
    await before.close();

    const after = await serveKinesisVideo({ dataDir });
    const stillHeld = await allFragments(after, { StreamARN: streamArn });
    await putAll(after.url, [header, fragmentOf({ timecodeMs: START_MS + 1000 })]);

    const numbers = (await allFragments(after)).map(({ FragmentNumber }) => BigInt(FragmentNumber ?? 0));
    expect(stillHeld).to.deep.equal(held);
    expect(numbers).to.have.length(2);
    expect(numbers[1]! > numbers[0]!).to.equal(true);
    await after.close();
  });

  it("drops an index line that a crash tore, and the bytes that it was for", async () => {
    const before = await serveKinesisVideo({ dataDir });
    await createStream(before);
    await putAll(before.url, [header, cluster, fragmentOf({ timecodeMs: START_MS + 1000 })]);
    await before.close();
    const index = inStreamFolder("index.jsonl");
    fs.truncateSync(index, fs.statSync(index).size - 1);

    const after = await serveKinesisVideo({ dataDir });
    const held = await allFragments(after);

    expect(held.map(({ ProducerTimestamp }) => ProducerTimestamp?.getTime())).to.deep.equal([START_MS]);
    expect(fs.readdirSync(inStreamFolder("fragments"))).to.deep.equal([`${held[0]?.FragmentNumber}.mkv`]);
    expect(fs.readFileSync(index, "utf8").split("\n")).to.have.length(2);
    await after.close();
  });

  it("stores the header that fragments share once", async () => {
    const kinesisVideo = await serveKinesisVideo({ dataDir });
    await createStream(kinesisVideo);

    await putAll(kinesisVideo.url, [header, cluster, fragmentOf({ timecodeMs: START_MS + 1000 })]);
    await putAll(kinesisVideo.url, [header, cluster]);

    expect(fs.readdirSync(inStreamFolder("headers"))).to.have.length(1);
    expect(fs.readdirSync(inStreamFolder("fragments"))).to.have.length(3);
    await kinesisVideo.close();
  });

  it("forgets a fragment when its retention is over, and removes its bytes", async () => {
    const { clock, advance } = makeManualClock(START_MS);
    const kinesisVideo = await serveKinesisVideo({ dataDir, clock });
    await createStream(kinesisVideo, "gate", 2);
    await putAll(kinesisVideo.url, [header, cluster]);
    await advance(HOUR_MS);
    await putAll(kinesisVideo.url, [header, fragmentOf({ timecodeMs: START_MS + HOUR_MS })]);

    await advance(HOUR_MS);
    const atItsEnd = await allFragments(kinesisVideo);
    await advance(1);
    const afterwards = await allFragments(kinesisVideo);

    expect(atItsEnd).to.have.length(2);
    expect(afterwards.map(({ ProducerTimestamp }) => ProducerTimestamp?.getTime())).to.deep.equal([
      START_MS + HOUR_MS,
    ]);
    expect(fs.readdirSync(inStreamFolder("fragments"))).to.have.length(1);
    await kinesisVideo.close();
  });

  it("numbers on above a fragment that expired, even after a restart", async () => {
    const { clock, advance } = makeManualClock(START_MS);
    const before = await serveKinesisVideo({ dataDir, clock });
    await createStream(before, "gate", 1);
    const [expired] = await putAll(before.url, [header, cluster]);
    await advance(HOUR_MS + 60_000);
    await before.close();
    await (await serveAndList(clock)).close();

    const after = await serveAndList(clock);
    const [next] = await putAll(after.url, [header, cluster]);

    expect(BigInt(next?.FragmentNumber ?? 0) > BigInt(expired?.FragmentNumber ?? 0)).to.equal(true);
    await after.close();
  });

  it("deletes at once what a lowered retention no longer covers", async () => {
    const { clock, advance } = makeManualClock(START_MS);
    const kinesisVideo = await serveKinesisVideo({ dataDir, clock });
    await createStream(kinesisVideo, "gate", 24);
    await putAll(kinesisVideo.url, [header, cluster]);
    await advance(2 * HOUR_MS);
    const { StreamInfo } = await kinesisVideo.control.send(new DescribeStreamCommand({ StreamName: "gate" }));

    await kinesisVideo.control.send(
      new UpdateDataRetentionCommand({
        StreamName: "gate",
        CurrentVersion: StreamInfo?.Version,
        Operation: "DECREASE_DATA_RETENTION",
        DataRetentionChangeInHours: 23,
      }),
    );

    expect(fs.readdirSync(inStreamFolder("fragments"))).to.deep.equal([]);
    expect(await allFragments(kinesisVideo)).to.deep.equal([]);
    await kinesisVideo.close();
  });

  it("removes a deleted stream's media, which a new stream of the name does not get", async () => {
    const kinesisVideo = await serveKinesisVideo({ dataDir });
    const oldArn = await createStream(kinesisVideo);
    await putAll(kinesisVideo.url, [header, cluster]);

    await kinesisVideo.control.send(new DeleteStreamCommand({ StreamARN: oldArn }));
    const left = fs.readdirSync(path.join(dataDir, "kinesisVideo"));
    await createStream(kinesisVideo);

    expect(left).to.deep.equal([]);
    expect(await allFragments(kinesisVideo)).to.deep.equal([]);
    expect(await failureOf(allFragments(kinesisVideo, { StreamARN: oldArn }))).to.include({
      name: "ResourceNotFoundException",
      status: 404,
    });
    await kinesisVideo.close();
  });

  async function serveAndList(
    clock: ReturnType<typeof makeManualClock>["clock"],
  ): Promise<ServedKinesisVideo> {
    const kinesisVideo = await serveKinesisVideo({ dataDir, clock });
    expect(await allFragments(kinesisVideo)).to.deep.equal([]);
    return kinesisVideo;
  }
});
