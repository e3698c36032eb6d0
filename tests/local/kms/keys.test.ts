import { KMS } from "@aws-sdk/client-kms";
import { expect } from "chai";
import { makeKms } from "../../../local/kms";
import { type ServedServices, serveServices } from "../../support/localService";
import { type ManualClock, makeManualClock } from "../../support/manualClock";
import { refusalOf } from "../../support/refusalOf";

const DAY_MS = 86_400_000;

describe("KMS keys", () => {
  let manual: ManualClock;
  let served: ServedServices;
  let kms: KMS;
  beforeEach(async () => {
    manual = makeManualClock();
    served = await serveServices((deps) => [makeKms({ ...deps, roleExists: () => false }).http], {
      clock: manual.clock,
    });
    kms = new KMS(served.clientConfig);
  });
  afterEach(async () => {
    kms.destroy();
    await served.close();
  });

  const makeKey = async () => (await kms.createKey({ Description: "archive" })).KeyMetadata?.KeyId ?? "";
  const encrypt = async (KeyId: string, EncryptionContext?: Record<string, string>) =>
    (await kms.encrypt({ KeyId, Plaintext: Buffer.from("secret"), EncryptionContext })).CiphertextBlob ??
    Buffer.of();
  const decrypt = async (CiphertextBlob: Uint8Array, EncryptionContext?: Record<string, string>) =>
    Buffer.from((await kms.decrypt({ CiphertextBlob, EncryptionContext })).Plaintext ?? []).toString();

  it("are described with a policy that leaves the account to its IAM policies", async () => {
    const KeyId = await makeKey();

    const { KeyMetadata } = await kms.describeKey({ KeyId });
    const { Policy } = await kms.getKeyPolicy({ KeyId });

    expect(KeyMetadata).to.deep.include({
      ...{ KeyId, Arn: `arn:aws:kms:us-east-1:123456789012:key/${KeyId}`, Description: "archive" },
      ...{
        KeyState: "Enabled",
        Enabled: true,
        KeyManager: "CUSTOMER",
        CreationDate: new Date("2026-11-22T14:00:00Z"),
      },
    });
    expect(JSON.parse(Policy ?? "").Statement).to.deep.equal([
      {
        Sid: "Enable IAM User Permissions",
        ...{
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::123456789012:root" },
          Action: "kms:*",
          Resource: "*",
        },
      },
    ]);
  });

  it("give back what they encrypted, in the same context only", async () => {
    const KeyId = await makeKey();
    const ciphertext = await encrypt(KeyId, { stream: "gate", part: "1" });

    const plaintext = await decrypt(ciphertext, { part: "1", stream: "gate" });
    const elsewhere = await refusalOf(decrypt(ciphertext, { stream: "podium", part: "1" }));
    const damaged = await refusalOf(
      decrypt(Buffer.from(ciphertext).fill(0, 50), { stream: "gate", part: "1" }),
    );

    expect(plaintext).to.equal("secret");
    expect([elsewhere.name, damaged.name]).to.deep.equal([
      "InvalidCiphertextException",
      "InvalidCiphertextException",
    ]);
    expect(Buffer.from(ciphertext).includes("secret")).to.equal(false);
  });

  it("make data keys, in the clear and encrypted", async () => {
    const KeyId = await makeKey();

    const made = await kms.generateDataKey({ KeyId, KeySpec: "AES_256" });

    const { Plaintext } = await kms.decrypt({ CiphertextBlob: made.CiphertextBlob });
    expect(made.Plaintext).to.have.length(32);
    expect(Plaintext).to.deep.equal(made.Plaintext);
  });

  it("answer to their aliases, which can be moved", async () => {
    const [first, second] = [await makeKey(), await makeKey()];
    await kms.createAlias({ AliasName: "alias/archive", TargetKeyId: first });
    const taken = await refusalOf(kms.createAlias({ AliasName: "alias/archive", TargetKeyId: second }));
    const before = await kms.describeKey({ KeyId: "alias/archive" });

    await kms.updateAlias({ AliasName: "alias/archive", TargetKeyId: second });

    const after = await kms.describeKey({ KeyId: "arn:aws:kms:us-east-1:123456789012:alias/archive" });
    const { Aliases } = await kms.listAliases({ KeyId: second });
    await kms.deleteAlias({ AliasName: "alias/archive" });
    const gone = await refusalOf(kms.describeKey({ KeyId: "alias/archive" }));
    expect(taken.name).to.equal("AlreadyExistsException");
    expect([before.KeyMetadata?.KeyId, after.KeyMetadata?.KeyId]).to.deep.equal([first, second]);
    expect(Aliases?.map(({ AliasName }) => AliasName)).to.deep.equal(["alias/archive"]);
    expect(gone).to.include({
      name: "NotFoundException",
      message: "Alias arn:aws:kms:us-east-1:123456789012:alias/archive is not found.",
    });
  });

  it("that AWS manages are there when they are first asked for, and cannot be changed", async () => {
    const { KeyMetadata } = await kms.describeKey({ KeyId: "alias/aws/sns" });

    const again = await kms.describeKey({ KeyId: "alias/aws/sns" });
    const disabled = await refusalOf(kms.disableKey({ KeyId: KeyMetadata?.KeyId }));
    const aliased = await refusalOf(
      kms.createAlias({ AliasName: "alias/aws/mine", TargetKeyId: KeyMetadata?.KeyId }),
    );

    expect(KeyMetadata?.KeyManager).to.equal("AWS");
    expect(again.KeyMetadata?.KeyId).to.equal(KeyMetadata?.KeyId);
    expect(disabled.message).to.match(/managed by AWS/);
    expect(aliased.name).to.equal("InvalidAliasNameException");
  });

  it("do nothing while they are disabled", async () => {
    const KeyId = await makeKey();
    const ciphertext = await encrypt(KeyId);
    await kms.disableKey({ KeyId });
    const refusals = [await refusalOf(encrypt(KeyId)), await refusalOf(decrypt(ciphertext))];

    await kms.enableKey({ KeyId });

    expect(refusals.map(({ name }) => name)).to.deep.equal(["DisabledException", "DisabledException"]);
    expect(await decrypt(ciphertext)).to.equal("secret");
  });

  it("are gone, aliases and all, when the days of waiting for their deletion are over", async () => {
    const KeyId = await makeKey();
    await kms.createAlias({ AliasName: "alias/archive", TargetKeyId: KeyId });
    const scheduled = await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
    await manual.advance(7 * DAY_MS - 1);
    const waiting = [await kms.describeKey({ KeyId }), await refusalOf(encrypt(KeyId))] as const;

    await manual.advance(1);

    const gone = await refusalOf(kms.describeKey({ KeyId }));
    expect(scheduled).to.deep.include({
      KeyState: "PendingDeletion",
      DeletionDate: new Date("2026-11-29T14:00:00Z"),
    });
    expect(waiting[0].KeyMetadata?.KeyState).to.equal("PendingDeletion");
    expect(waiting[1].name).to.equal("KMSInvalidStateException");
    expect(gone.message).to.equal(`Key 'arn:aws:kms:us-east-1:123456789012:key/${KeyId}' does not exist`);
    expect((await kms.listAliases()).Aliases).to.deep.equal([]);
  });

  it("are kept when their deletion is cancelled, disabled at first", async () => {
    const KeyId = await makeKey();
    await kms.scheduleKeyDeletion({ KeyId });

    await kms.cancelKeyDeletion({ KeyId });

    await manual.advance(31 * DAY_MS);
    expect((await kms.describeKey({ KeyId })).KeyMetadata?.KeyState).to.equal("Disabled");
  });

  it("are rotated by the calendar, and still give back what they encrypted before", async () => {
    const KeyId = await makeKey();
    await kms.enableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
    const before = await encrypt(KeyId);

    await manual.advance(90 * DAY_MS);

    const after = await encrypt(KeyId);
    const { Rotations } = await kms.listKeyRotations({ KeyId });
    const status = await kms.getKeyRotationStatus({ KeyId });
    expect(Rotations?.map(({ RotationType }) => RotationType)).to.deep.equal(["AUTOMATIC"]);
    expect(status).to.deep.include({
      ...{ KeyRotationEnabled: true, RotationPeriodInDays: 90 },
      NextRotationDate: new Date(Date.parse("2026-11-22T14:00:00Z") + 180 * DAY_MS),
    });
    expect([await decrypt(before), await decrypt(after)]).to.deep.equal(["secret", "secret"]);
  });

  it("carry tags", async () => {
    const { KeyMetadata } = await kms.createKey({ Tags: [{ TagKey: "stack", TagValue: "dev" }] });
    const KeyId = KeyMetadata?.KeyId ?? "";

    await kms.tagResource({ KeyId, Tags: [{ TagKey: "owner", TagValue: "ada" }] });
    await kms.untagResource({ KeyId, TagKeys: ["stack"] });

    expect((await kms.listResourceTags({ KeyId })).Tags).to.deep.equal([
      { TagKey: "owner", TagValue: "ada" },
    ]);
  });

  const REFUSED: [string, () => Promise<unknown>, RegExp][] = [
    ["an asymmetric key", () => kms.createKey({ KeySpec: "RSA_2048" }), /symmetric/],
    ["a policy that is no JSON", () => kms.createKey({ Policy: "{" }), /invalid Json/],
    [
      "a wait of six days",
      () => kms.scheduleKeyDeletion({ KeyId: "x", PendingWindowInDays: 6 }),
      /does not exist/,
    ],
    [
      "a policy that names a role which is not there",
      () => kms.createKey({ Policy: policyFor("arn:aws:iam::123456789012:role/nobody") }),
      /invalid principals: arn:aws:iam::123456789012:role\/nobody/,
    ],
  ];
  const policyFor = (AWS: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "kms:*", Resource: "*" }],
    });
  for (const [what, call, message] of REFUSED) {
    it(`refuse ${what}`, async () => {
      expect((await refusalOf(call())).message).to.match(message);
    });
  }
});
