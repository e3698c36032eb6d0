import { expect } from "chai";
import * as fc from "fast-check";
import { clipLifecycle } from "../../infra/clipLifecycle";
import { type DeployedProgram, runProgram, twoCameras } from "../support/program";

const deploy = (config: Record<string, unknown> = {}, options = {}) =>
  runProgram(
    twoCameras(
      Object.fromEntries(
        Object.entries(config).map(([key, value]) => [
          `lastframe:${key}`,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      ),
    ),
    options,
  );

/** Inputs of a part of a bucket, such as `bucketPolicy`. */
const part = (program: DeployedProgram, type: string, name = "archive") =>
  program.resource(`aws:s3/${type}:${type[0]?.toUpperCase()}${type.slice(1)}`, name).inputs;

const lifecycle = (program: DeployedProgram) => part(program, "bucketLifecycleConfiguration").rules as Rule[];

interface Rule {
  id: string;
  filter: { prefix: string };
  transitions?: object[];
  expiration?: object;
  noncurrentVersionExpiration?: object;
}

describe("the archive", () => {
  for (const name of ["archive", "archive-log"]) {
    it(`closes ${name} to the public and to plain HTTP, encrypts it and keeps versions`, async () => {
      const program = await deploy();

      const [tlsOnly] = JSON.parse(part(program, "bucketPolicy", name).policy).Statement;
      expect(tlsOnly).to.deep.include({
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      });
      expect(part(program, "bucketPublicAccessBlock", name)).to.include({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      expect(part(program, "bucketVersioning", name).versioningConfiguration.status).to.equal("Enabled");
      expect(part(program, "bucketServerSideEncryptionConfiguration", name).rules).to.deep.equal([
        { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
      ]);
    });
  }

  it("has S3 write who read and wrote into a bucket that takes it from this one only", async () => {
    const program = await deploy();

    const [, delivers] = JSON.parse(part(program, "bucketPolicy", "archive-log").policy).Statement;
    expect(part(program, "bucketLogging").targetBucket).to.equal("archive-log-1234567");
    expect(delivers).to.deep.include({
      Principal: { Service: "logging.s3.amazonaws.com" },
      Action: "s3:PutObject",
      Condition: {
        ArnEquals: { "aws:SourceArn": "arn:aws:s3:::archive-1234567" },
        StringEquals: { "aws:SourceAccount": "123456789012" },
      },
    });
  });

  it("clears dead uploads and replaced claims, and moves and deletes no clip, unless asked", async () => {
    const program = await deploy({ prefix: "derby/" });

    expect(lifecycle(program).map(({ id, filter }) => `${id} ${filter.prefix}`)).to.deep.equal([
      "abort-incomplete-uploads ",
      "remove-old-claims derby/claims/",
      "remove-old-sweeps derby/sweeps/",
      "remove-old-clock derby/events/clock",
    ]);
    expect(lifecycle(program).some(({ transitions, expiration }) => transitions ?? expiration)).to.equal(
      false,
    );
  });

  it("moves clips to the classes that were asked for, and deletes them when they expire", async () => {
    const program = await deploy({
      clipTransitions: [
        { afterDays: 30, storageClass: "STANDARD_IA" },
        { afterDays: 60, storageClass: "GLACIER" },
      ],
      clipExpiryDays: 365,
    });

    const [move, expire] = lifecycle(program).slice(-2);

    expect(move).to.deep.include({
      filter: { prefix: "clips/" },
      transitions: [
        { days: 30, storageClass: "STANDARD_IA" },
        { days: 60, storageClass: "GLACIER" },
      ],
    });
    expect(expire).to.deep.include({
      filter: { prefix: "clips/" },
      expiration: { days: 365 },
      noncurrentVersionExpiration: { noncurrentDays: 7 },
    });
  });

  it("never has the lifecycle take anything of a ledger or of a recording event, whatever is asked", () => {
    const settings = fc.record({
      prefix: fc.constantFrom("", "derby/", "ledger/", "a/clips/"),
      keepBucket: fc.boolean(),
      clipExpiryDays: fc.option(fc.integer({ min: 1, max: 36_500 }), { nil: undefined }),
      clipTransitions: fc
        .boolean()
        .map((moves) => (moves ? [{ afterDays: 0, storageClass: "GLACIER" as const }] : [])),
    });
    fc.assert(
      fc.property(settings, (archive) => {
        const rules = clipLifecycle(archive) as Rule[];

        const ledger = "ledger/gate/1763820000000/999999999998.json";
        const keys = [ledger, `events/20261122-derby/${ledger}`, "events/20261122-derby/clips/one.mp4"];
        const touching = rules.filter(
          ({ filter, transitions, expiration, noncurrentVersionExpiration }) =>
            (transitions ?? expiration ?? noncurrentVersionExpiration) &&
            keys.some((key) => `${archive.prefix}${key}`.startsWith(filter.prefix)),
        );
        expect(touching).to.deep.equal([]);
      }),
    );
  });

  it("locks new objects for the days that were asked for, without making the bucket anew", async () => {
    const program = await deploy({ lockMode: "compliance", lockDays: 90 });

    expect(part(program, "bucketObjectLockConfiguration").rule).to.deep.equal({
      defaultRetention: { mode: "COMPLIANCE", days: 90 },
    });
    expect(part(program, "bucket")).not.to.have.property("objectLockEnabled");
  });

  it("empties the bucket on destroy only when told beforehand", async () => {
    const kept = await deploy();
    const given = await deploy({ keepBucket: false });

    expect(part(kept, "bucket").forceDestroy).to.equal(false);
    expect(part(given, "bucket").forceDestroy).to.equal(true);
  });

  it("takes an existing bucket as it is: it sets nothing of it, and no key and no role leaves the prefix", async () => {
    const program = await deploy({ bucket: "footage", prefix: "derby/" });

    const ofS3 = program.resources.filter(({ type }) => type.startsWith("aws:s3/"));
    const policies = program.resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
    const inBucket = policies
      .flatMap(({ inputs }) => JSON.parse(inputs.policy).Statement as { Resource: string | string[] }[])
      .flatMap(({ Resource }) => Resource)
      .filter((resource) => resource.startsWith("arn:aws:s3:::footage/"));
    expect(ofS3).to.deep.equal([]);
    expect(program.outputs.bucket).to.equal("footage");
    expect(inBucket).to.have.length.above(3);
    expect(inBucket.filter((resource) => !resource.startsWith("arn:aws:s3:::footage/derby/"))).to.deep.equal(
      [],
    );
  });

  it("refuses an existing bucket of another Region in one line", async () => {
    const elsewhere = ({ bucket }: Record<string, string>) => ({ bucket, bucketRegion: "eu-west-1" });

    const failure = await deploy(
      { bucket: "footage" },
      { calls: { "aws:s3/getBucket:getBucket": elsewhere } },
    ).then(
      () => "no error",
      (error: Error) => error.message,
    );

    expect(failure).to.equal(
      "[lastframe:bucket] is footage, in eu-west-1; write a bucket of us-east-1, where the streams are",
    );
  });
});
