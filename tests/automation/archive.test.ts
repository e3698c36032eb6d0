import { createHash } from "node:crypto";
import { expect } from "chai";
import { Bucket, type ServedS3, startS3 } from "../local/s3/service";
import { runCommand } from "../support/command";

/** The ledger's life began at 13:00, and the clips of the hand-made archive at 14:00. */
const CREATED = Date.UTC(2026, 10, 22, 13);
const T0 = Date.UTC(2026, 10, 22, 14);
const LEDGER = `derby/ledger/gate/${CREATED}/`;
const RANGE = ["--from", "2026-11-22T14:00Z", "--to", "2026-11-22T14:02:00Z"];
const MEBIBYTE = 1024 * 1024;

const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest();
const entryKey = (seq: number) => `${LEDGER}${999_999_999_999 - seq}.json`;
const clipKey = (minute: number) =>
  `derby/clips/stream=gate/date=2026-11-22/hour=14/20261122T140${minute}00.000Z-0123abcd.mp4`;
/** The fragments of a minute. */
const rows = (minute: number) =>
  Array.from({ length: 30 }, (_, index) => {
    const producerMs = T0 + minute * 60_000 + index * 2000;
    return [`9${producerMs}`, producerMs + 150, producerMs, 2000, 1000];
  });

describe("npm run archive -- verify", function () {
  this.timeout(60_000);
  let s3: ServedS3;
  let prev: string;
  let seq: number;
  beforeEach(async () => {
    s3 = await startS3();
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    [prev, seq] = ["", 0];
    await entry({ kind: "began" });
  });
  afterEach(() => s3.stop());

  async function entry(change: Record<string, unknown>): Promise<void> {
    const at = new Date(T0 + 600_000).toISOString();
    const Body = JSON.stringify({ version: 1, seq, prev, at, change, state: { lowWaterMs: T0 + 1_800_000 } });
    await s3.client.putObject({ Bucket, Key: entryKey(seq), Body });
    prev = sha256(Body).toString("hex");
    seq += 1;
  }

  const metadataOf = (minute: number) => {
    const list = rows(minute).map(([number]) => `${number}\n`);
    return { "fragment-list-sha256": sha256(list.join("")).toString("hex") };
  };

  /** A clip of one minute, put in one piece. */
  async function clip(minute: number): Promise<void> {
    const [Key, Body] = [clipKey(minute), Buffer.from(`minute ${minute}`)];
    await entry({ kind: "plan", clip: { key: Key, fragments: rows(minute), range: { fromMs: 0, toMs: 1 } } });
    const put = { Bucket, Key, Body, Metadata: metadataOf(minute), ChecksumAlgorithm: "SHA256" } as const;
    const { ChecksumSHA256: checksum } = await s3.client.putObject(put);
    await stored(Key, Body, checksum);
  }

  /** A clip of one minute, put in two parts. */
  async function clipInParts(minute: number): Promise<void> {
    const Key = clipKey(minute);
    const bodies = [Buffer.alloc(5 * MEBIBYTE, 1), Buffer.from("the rest")];
    await entry({ kind: "plan", clip: { key: Key, fragments: rows(minute), range: { fromMs: 0, toMs: 1 } } });
    const ChecksumAlgorithm = "SHA256" as const;
    const made = { Bucket, Key, Metadata: metadataOf(minute), ChecksumAlgorithm };
    const { UploadId } = await s3.client.createMultipartUpload(made);
    const Parts: { PartNumber: number; ETag?: string; ChecksumSHA256?: string }[] = [];
    for (const [index, Body] of bodies.entries()) {
      const part = { Bucket, Key, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm };
      const { ETag, ChecksumSHA256 } = await s3.client.uploadPart(part);
      Parts.push({ PartNumber: index + 1, ETag, ChecksumSHA256 });
    }
    const whole = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
    const { ChecksumSHA256: checksum } = await s3.client.completeMultipartUpload(whole);
    expect(checksum).to.match(/-2$/);
    await stored(Key, Buffer.concat(bodies), checksum);
  }

  const stored = (key: string, body: Buffer, checksum?: string) =>
    entry({
      kind: "stored",
      key,
      sizeBytes: body.length,
      sha256: sha256(body).toString("hex"),
      checksum,
      source: "get-clip",
    });

  /** Runs the command with the environment of someone who has credentials. */
  async function verify(args: string[], environment: Record<string, string> = {}) {
    const command = runCommand("automation/archive.ts", ["verify", ...args], {
      AWS_ENDPOINT_URL: s3.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      ...environment,
    });
    return command.ended;
  }
  const ofGate = ["gate", "--bucket", Bucket, "--prefix", "derby/"];

  it("says complete, what that rests on, and ends with 0", async () => {
    await clip(0);
    await clipInParts(1);

    const { code, stdout, stderr } = await verify([...ofGate, ...RANGE]);

    expect(stdout.split("\n")).to.deep.equal([
      "gate in s3://footage/derby/: complete",
      "  asked     2026-11-22T14:00:00.000Z to 2026-11-22T14:02:00.000Z (120.0 s)",
      "  ledger    5 entries, 1 life of the stream",
      "  clips     2, 5.24 MB, bytes not read",
      "  covered   2026-11-22T14:00:00.000Z to 2026-11-22T14:02:00.000Z (120.0 s)",
      "",
    ]);
    expect([code, stderr]).to.deep.equal([0, ""]);
  });

  it("prints one JSON object when asked", async () => {
    await clip(0);

    const { code, stdout } = await verify([...ofGate, ...RANGE, "--json"]);

    const times = (from: string, to: string) => ({
      from: `2026-11-22T14:${from}.000Z`,
      to: `2026-11-22T14:${to}.000Z`,
    });
    expect(JSON.parse(stdout)).to.deep.equal({
      version: 1,
      stream: "gate",
      bucket: Bucket,
      prefix: "derby/",
      answer: "complete",
      exitCode: 0,
      asked: times("00:00", "02:00"),
      sweptTo: null,
      covered: [times("00:00", "01:00")],
      silent: [times("01:00", "02:00")],
      expired: [],
      gaps: [],
      damage: [],
      lives: [{ created: "2026-11-22T13:00:00.000Z", entries: 3, hasEnded: false }],
      checked: { clips: 1, bytes: 8, isDeep: false },
    });
    expect(code).to.equal(0);
  });

  it("says silent, and not yet swept, and ends with 0", async () => {
    await clip(0);

    const silent = await verify([...ofGate, "--from", "2026-11-22T14:10Z", "--to", "2026-11-22T14:20Z"]);
    const open = await verify([...ofGate, "--from", "2026-11-22T14:10Z", "--to", "2026-11-22T15:20Z"]);

    expect(silent.stdout).to.match(/^gate in \S+: silent\n/);
    expect(open.stdout).to.match(/^gate in \S+: not yet swept\n/);
    expect(open.stdout).to.contain("swept to  2026-11-22T14:30:00.000Z\n");
    expect([silent.code, open.code]).to.deep.equal([0, 0]);
  });

  it("lists gaps with their causes, and ends with 1", async () => {
    await clip(0);
    await entry({ kind: "gap", fromMs: T0 + 60_000, toMs: T0 + 90_000, cause: "expired" });
    await entry({ kind: "plan", clip: { key: clipKey(1), fragments: rows(1) } });

    const { code, stdout } = await verify([...ofGate, ...RANGE]);

    expect(stdout).to.match(/^gate in \S+: gaps\n/);
    expect(stdout).to.contain(
      "  gap       2026-11-22T14:01:00.000Z to 2026-11-22T14:01:30.000Z (30.0 s) by the service's clock: " +
        "nobody looked at the stream while this was retained (entry 3)\n",
    );
    expect(stdout).to.contain(
      "(60.0 s), 30 fragments: planned, and not recorded as stored yet (entry 4, derby/clips/",
    );
    expect(code).to.equal(1);
  });

  it("names what was overwritten, deleted, put beside, or altered, and ends with 2", async () => {
    for (const minute of [0, 1, 2]) await clip(minute);
    await s3.client.putObject({ Bucket, Key: clipKey(0), Body: "minute 9" });
    await s3.client.deleteObject({ Bucket, Key: clipKey(1) });
    await s3.client.putObject({ Bucket, Key: clipKey(5), Body: "stray" });
    await s3.client.putObject({ Bucket, Key: `${LEDGER}notes.txt`, Body: "hello" });
    await s3.client.putObject({ Bucket, Key: entryKey(3), Body: "{}" });

    const { code, stdout } = await verify([...ofGate, "--json"]);

    const { answer, damage } = JSON.parse(stdout) as {
      answer: string;
      damage: { key: string; problem: string }[];
    };
    expect(answer).to.equal("damaged");
    expect(damage.map(({ key, problem }) => [key, problem.slice(0, 20)])).to.deep.equal([
      [entryKey(3), "entry 3 was written "],
      [`${LEDGER}notes.txt`, "is no entry, and doe"],
      [clipKey(5), "is in no entry's pla"],
      [clipKey(0), "was written again; t"],
      [clipKey(1), "was deleted at 2026-"],
    ]);
    expect(code).to.equal(2);
  });

  it("sees other bytes behind the same key where the bucket keeps no versions, by S3's checksum", async () => {
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
    await clip(0);
    const altered = { Bucket, Key: clipKey(0), Body: "minute 9", Metadata: metadataOf(0) };
    await s3.client.putObject({ ...altered, ChecksumAlgorithm: "SHA256" });

    const { code, stdout } = await verify([...ofGate, ...RANGE]);

    expect(stdout).to.contain(`${clipKey(0)}: has other bytes than when it was stored: S3 states SHA-256`);
    expect(code).to.equal(2);
  });

  it("reads the media itself with --deep", async () => {
    await clip(0);

    const { code, stdout } = await verify([...ofGate, ...RANGE, "--deep"]);

    expect(stdout).to.match(/all bytes and frames read\n/);
    expect(stdout).to.contain(`${clipKey(0)}: Invalid MP4 at byte 0`);
    expect(code).to.equal(2);
  });

  it("calls clips that the bucket's lifecycle removed expired by policy, and ends with 0", async () => {
    await clip(0);
    await s3.client.deleteObject({ Bucket, Key: clipKey(0) });
    const Expiration = { Date: new Date("2026-11-22T00:00:00Z") };
    const Rules = [
      { ID: "clips", Status: "Enabled" as const, Filter: { Prefix: "derby/clips/" }, Expiration },
    ];
    await s3.client.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration: { Rules } });

    const { code, stdout } = await verify([...ofGate, ...RANGE]);

    expect(stdout).to.match(/^gate in \S+: expired by policy\n/);
    expect(stdout).to.contain("(60.0 s): by the bucket's lifecycle\n");
    expect(code).to.equal(0);
  });

  it("reads listings of more than one page", async () => {
    for (let one = 0; one < 1100; one += 1) {
      await s3.client.putObject({
        Bucket,
        Key: `derby/clips/stream=gate/stray-${1000 + one}.mp4`,
        Body: "-",
      });
    }

    const { stdout } = await verify([...ofGate, "--json"]);

    expect((JSON.parse(stdout) as { damage: unknown[] }).damage).to.have.length(1100);
  });

  for (const [title, args, problem] of [
    [
      "a stream that the archive does not know, with the nearest names",
      ["gat", "--bucket", Bucket, "--prefix", "derby/"],
      "error: no stream gat in s3://footage/derby/; the nearest names: gate\n",
    ],
    [
      "a prefix where no archive is",
      ["gate", "--bucket", Bucket],
      "error: no stream gate in s3://footage/; it holds none; look at --bucket and --prefix\n",
    ],
    [
      "a bucket that does not exist",
      ["gate", "--bucket", "no-such-bucket"],
      /^error: the archive could not be read: .*bucket/,
    ],
    ["no bucket", ["gate"], /^error: required option '--bucket <name>' not specified/],
    [
      "a prefix without its slash",
      ["gate", "--bucket", Bucket, "--prefix", "derby"],
      /with a slash at its end: derby\/\n/,
    ],
    [
      "a range that ends before it begins",
      [...ofGate, "--from", "14:05", "--to", "14:03"],
      /^error: --from must be before --to/,
    ],
    [
      "a time that is none",
      [...ofGate, "--from", "25:99"],
      /^error: option '--from <time>' argument '25:99' is invalid. Write a time of today/,
    ],
    [
      "a life that the stream did not have",
      [...ofGate, "--life", "5"],
      `error: no life 5 of gate in s3://footage/derby/; it had ${CREATED}\n`,
    ],
    ["an unknown option", [...ofGate, "--depe"], "error: unknown option '--depe'\n(Did you mean --deep?)\n"],
    ["another word behind the stream", ["gate", "podium", "--bucket", Bucket], /^error: too many arguments/],
  ] as const) {
    it(`refuses ${title}, with 64`, async () => {
      const { code, stdout, stderr } = await verify([...args]);

      if (typeof problem === "string") expect(stderr).to.equal(problem);
      else expect(stderr).to.match(problem);
      expect([code, stdout]).to.deep.equal([64, ""]);
    });
  }

  it("tells an archive that cannot be reached from one with gaps: 69", async () => {
    const { code, stderr } = await verify([...ofGate], {
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_MAX_ATTEMPTS: "1",
    });

    expect(stderr).to.match(/^error: the archive could not be read: .+\n$/);
    expect(code).to.equal(69);
  });
});
