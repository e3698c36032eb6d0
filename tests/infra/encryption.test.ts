import { expect } from "chai";
import { type DeployedProgram, type Registered, runProgram, twoCameras } from "../support/program";

const EXISTING = "arn:aws:kms:us-east-1:123456789012:key/0f0f";

interface Statement {
  Sid?: string;
  Action: string | string[];
  Resource: string | string[];
}

/** What names the key where it encrypts, by type; nothing for types that it does not encrypt. */
const keyOf: Record<string, (inputs: Registered["inputs"]) => unknown> = {
  "aws:kinesis/videoStream:VideoStream": ({ kmsKeyId }) => kmsKeyId,
  "aws:cloudwatch/logGroup:LogGroup": ({ kmsKeyId }) => kmsKeyId,
  "aws:lambda/function:Function": ({ kmsKeyArn }) => kmsKeyArn,
  "aws:sqs/queue:Queue": ({ kmsMasterKeyId }) => kmsMasterKeyId,
  "aws:sns/topic:Topic": ({ kmsMasterKeyId }) => kmsMasterKeyId,
};

const encrypted = ({ resources }: DeployedProgram) =>
  resources.flatMap(({ type, name, inputs }) => {
    const key = keyOf[type]?.(inputs);
    return keyOf[type] ? [{ what: `${type} ${name}`, key }] : [];
  });

const keysOfBuckets = ({ resources }: DeployedProgram) =>
  Object.fromEntries(
    resources
      .filter(({ type }) => type.endsWith(":BucketServerSideEncryptionConfiguration"))
      .map(({ name, inputs }) => [
        name,
        inputs.rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId as string | undefined,
      ]),
  );

const actionsOn = (key: string, { inputs }: Registered) =>
  (JSON.parse(inputs.policy).Statement as Statement[])
    .filter(({ Resource }) => [Resource].flat().includes(key))
    .flatMap(({ Action }) => Action);

describe("encryption", () => {
  it("is left to keys of AWS unless asked", async () => {
    const program = await runProgram(twoCameras());

    expect(program.resources.some(({ type }) => type.startsWith("aws:kms/"))).to.equal(false);
    expect(encrypted(program).filter(({ key }) => key !== undefined)).to.deep.equal([]);
    expect(keysOfBuckets(program)).to.deep.equal({ archive: undefined, "archive-log": undefined });
  });

  for (const [what, encryption] of [
    ["one new key, rotated,", "new-key"],
    ["an existing key", EXISTING],
  ] as const) {
    it(`is by ${what} for bucket, streams, topics, queues, logs and environments`, async () => {
      const program = await runProgram(twoCameras({ "lastframe:encryption": encryption }));

      const keys = program.resources.filter(({ type }) => type === "aws:kms/key:Key");
      const arn = keys[0]?.outputs.arn ?? EXISTING;
      expect(keys.map(({ inputs }) => inputs.enableKeyRotation)).to.deep.equal(
        encryption === "new-key" ? [true] : [],
      );
      expect(encrypted(program).filter(({ key }) => key !== arn)).to.deep.equal([]);
      expect(encrypted(program).length).to.be.above(7);
      // S3 delivers its log to no bucket with a customer key.
      expect(keysOfBuckets(program)).to.deep.equal({ archive: arn, "archive-log": undefined });
    });
  }

  it("lets each role use the key for what it does: who writes into the bucket makes data keys, who reads decrypts", async () => {
    const program = await runProgram(twoCameras({ "lastframe:encryption": EXISTING }));

    const policies = program.resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
    const actions = Object.fromEntries(
      policies.map((policy) => [policy.name, [...new Set(actionsOn(EXISTING, policy))].sort()]),
    );
    const archiving = ["kms:Decrypt", "kms:GenerateDataKey"];
    expect(actions).to.deep.include({
      "recorder-archive-clip": archiving,
      "reconciler-stream": archiving,
      "recorder-check-alarm-tag": archiving,
      // Its environment.
      "recorder-check-alarm-state": ["kms:Decrypt"],
      "recorder-workflow": [],
    });
  });

  it("gives the new key a policy that names services and the project's roles, and gives nobody everything", async () => {
    const program = await runProgram(twoCameras({ "lastframe:encryption": "new-key" }), { stack: "derby" });

    const { Statement } = JSON.parse(program.resource("aws:kms/key:Key").inputs.policy) as {
      Statement: (Statement & { Condition?: object; Principal: object })[];
    };
    const actions = Statement.flatMap(({ Action }) => Action);
    const roles = Statement.find(({ Sid }) => Sid === "RolesOfTheProjectUseIt");
    expect(actions.filter((action) => action === "kms:*" || action === "*")).to.deep.equal([]);
    expect(roles?.Condition).to.deep.equal({ StringLike: { "aws:PrincipalTag/stack": "lastframe/*" } });
    const unconditional = Statement.filter(
      ({ Condition, Principal }) => !Condition && "AWS" in Principal,
    ).flatMap(({ Action }) => Action);
    expect(unconditional.filter((action) => /crypt|DataKey|Grant$/.test(action))).to.deep.equal([
      "kms:RevokeGrant",
    ]);
  });
});
