import {
  CreatePolicyCommand,
  CreateRoleCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { policy, type ServedIam, serveIam, trust } from "./servedIam";

const statement = (members: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...members }] });

describe("a policy document", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam();
  });
  afterEach(() => cloud.close());

  const malformed = {
    "no JSON": ["{", /invalid Json/],
    "no object": ["[]", /not a JSON object/],
    "no Statement": ['{"Version":"2012-10-17"}', /Statement/],
    "an unknown Version": [policy("s3:*").replace("2012", "2021"), /Version/],
    "an Effect of another spelling": [policy("s3:*").replace("Allow", "allow"), /Effect/],
    "an action without its service": [policy("GetObject"), /Action/i],
    "no Resource": [statement({ Action: "s3:*" }), /Resource/],
    "a Principal": [statement({ Action: "s3:*", Resource: "*", Principal: "*" }), /Principal/],
    "an unknown member": [statement({ Action: "s3:*", Resorce: "*", Resource: "*" }), /Resorce/],
  } satisfies Record<string, [string, RegExp]>;
  for (const [mistake, [PolicyDocument, expected]] of Object.entries(malformed)) {
    it(`of an identity is refused as malformed when it has ${mistake}`, async () => {
      const refusal = await refusalOf(
        cloud.owner.send(new CreatePolicyCommand({ PolicyName: "p", PolicyDocument })),
      );

      expect(refusal.name).to.equal("MalformedPolicyDocumentException");
      expect(refusal.$metadata?.httpStatusCode).to.equal(400);
      expect(refusal.message).to.match(expected);
    });
  }

  const malformedTrust = {
    "a Resource": [
      statement({ Action: "sts:AssumeRole", Principal: { AWS: "*" }, Resource: "*" }),
      /prohibited field Resource/,
    ],
    "no Principal": [statement({ Action: "sts:AssumeRole" }), /Missing required field Principal/],
  } satisfies Record<string, [string, RegExp]>;
  for (const [mistake, [AssumeRolePolicyDocument, expected]] of Object.entries(malformedTrust)) {
    it(`of a role's trust is refused as malformed when it has ${mistake}`, async () => {
      const refusal = await refusalOf(
        cloud.owner.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument })),
      );

      expect(refusal.name).to.equal("MalformedPolicyDocumentException");
      expect(refusal.message).to.match(expected);
    });
  }

  it("that is refused changes nothing", async () => {
    const AssumeRolePolicyDocument = trust({ Service: "lambda.amazonaws.com" });
    await cloud.owner.send(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument }));

    await refusalOf(
      cloud.owner.send(new PutRolePolicyCommand({ RoleName: "r", PolicyName: "p", PolicyDocument: "{" })),
    );
    const { PolicyNames } = await cloud.owner.send(new ListRolePoliciesCommand({ RoleName: "r" }));

    expect(PolicyNames).to.deep.equal([]);
  });
});
