import { KMS } from "@aws-sdk/client-kms";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { startWholeCloud, type WholeCloud } from "../../support/wholeCloud";

const ACCOUNT = { AWS: "arn:aws:iam::123456789012:root" };
const allow = (Principal: object, Action: string | string[], Condition?: object) => ({
  ...{ Effect: "Allow", Principal, Action, Resource: "*" },
  ...(Condition && { Condition }),
});
const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });

describe("a KMS key's policy", () => {
  let cloud: WholeCloud;
  let owner: KMS;
  beforeEach(async () => {
    cloud = await startWholeCloud();
    owner = new KMS(cloud.clientConfig);
  });
  afterEach(async () => {
    owner.destroy();
    await cloud.close();
  });

  const makeKey = async (Policy?: string) =>
    (await owner.createKey({ Policy, BypassPolicyLockoutSafetyCheck: true })).KeyMetadata?.KeyId ?? "";
  const makeDataKey = (client: KMS, KeyId: string, EncryptionContext?: Record<string, string>) =>
    client.generateDataKey({ KeyId, KeySpec: "AES_256", EncryptionContext });

  it("that names the account leaves it to IAM policies who uses the key", async () => {
    const KeyId = await makeKey();
    const allowed = new KMS(await cloud.asRole({ Action: "kms:GenerateDataKey", Resource: "*" }));
    const stranger = new KMS(await cloud.asRole());

    const made = await makeDataKey(allowed, KeyId);
    const refusal = await refusalOf(makeDataKey(stranger, KeyId));

    expect(made.Plaintext).to.have.length(32);
    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("that does not name the account makes IAM policies of no effect, the owner's too", async () => {
    const roleArn = await cloud.makeRole(ACCOUNT);
    const KeyId = await makeKey(policy(allow({ AWS: roleArn }, "kms:*")));
    const allowed = new KMS(await cloud.asRole({ Action: "kms:*", Resource: "*" }));

    const refusals = [
      await refusalOf(makeDataKey(allowed, KeyId)),
      await refusalOf(makeDataKey(owner, KeyId)),
    ];

    expect(refusals.map(({ name }) => name)).to.deep.equal([
      "AccessDeniedException",
      "AccessDeniedException",
    ]);
  });

  it("binds a permission to an encryption context", async () => {
    const KeyId = await makeKey();
    const Condition = { StringEquals: { "kms:EncryptionContext:stream": "gate" } };
    const gate = new KMS(await cloud.asRole({ Action: "kms:GenerateDataKey", Resource: "*", Condition }));

    const made = await makeDataKey(gate, KeyId, { stream: "gate" });
    const refusal = await refusalOf(makeDataKey(gate, KeyId, { stream: "podium" }));

    expect(made.CiphertextBlob).to.not.equal(undefined);
    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("that is for a service's use does not let the same principal use the key directly", async () => {
    const KeyId = await makeKey();
    const Condition = { StringEquals: { "kms:ViaService": "sns.us-east-1.amazonaws.com" } };
    const through = new KMS(await cloud.asRole({ Action: "kms:GenerateDataKey", Resource: "*", Condition }));

    const refusal = await refusalOf(makeDataKey(through, KeyId));

    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("that AWS wrote lets nobody use its key directly", async () => {
    const refusal = await refusalOf(makeDataKey(owner, "alias/aws/sns"));

    expect(refusal.name).to.equal("AccessDeniedException");
  });

  it("is not taken if it would lock its author out", async () => {
    const KeyId = await makeKey();
    const Policy = policy(allow(ACCOUNT, ["kms:Encrypt", "kms:Decrypt"]));

    const refusal = await refusalOf(owner.putKeyPolicy({ KeyId, Policy }));

    expect(refusal).to.include({
      name: "MalformedPolicyDocumentException",
      message: "The new key policy will not allow you to update the key policy in the future.",
    });
  });
});
