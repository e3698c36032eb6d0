import { runSimulation } from "@cloud-copilot/iam-simulate";
import { expect } from "chai";
import { type DeployedProgram, runProgram, twoCameras } from "../support/program";

const GATE = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/gate/1763820000000";

/** The tags that the deployed stream `gate` has. */
const GATE_TAGS = { stack: "lastframe/derby", stream: "gate" };

describe("devices that sign in", () => {
  let program: DeployedProgram;
  before(async () => {
    const config = twoCameras({ "lastframe:deviceSignIn": "true", "lastframe:deviceMfa": "required" });
    program = await runProgram(config, { stack: "derby" });
  });

  const inputs = (type: string, name = "devices") => program.resource(`aws:${type}`, name).inputs;

  /** What IAM says of a device whose user has this attribute `stream`, about a stream with these tags. */
  async function decide(action: string, user: { stream?: string }, tags: Record<string, string>) {
    const { policy } = inputs("iam/rolePolicy:RolePolicy", "devices-device");
    const tagged = (kind: string, values: Record<string, string>) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [`aws:${kind}/${key}`, value]));
    const simulation = {
      request: {
        principal: "arn:aws:sts::123456789012:assumed-role/devices-device/CognitoIdentityCredentials",
        action,
        resource: { resource: GATE, accountId: "123456789012" },
        contextVariables: { ...tagged("PrincipalTag", user), ...tagged("ResourceTag", tags) },
      },
      identityPolicies: [{ name: "device", policy: JSON.parse(policy) as object }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: undefined,
    };
    const answer = await runSimulation(simulation, {});
    if (answer.resultType === "error") throw new Error(JSON.stringify(answer.errors));
    return answer.overallResult;
  }

  it("send to the stream of their user's attribute, as a producer library does", async () => {
    const called = ["DescribeStream", "GetDataEndpoint", "PutMedia"];

    const decisions = await Promise.all(
      called.map((name) => decide(`kinesisvideo:${name}`, { stream: "gate" }, GATE_TAGS)),
    );

    expect(decisions).to.deep.equal(["Allowed", "Allowed", "Allowed"]);
  });

  for (const [whose, user, tags] of [
    ["another stream", { stream: "podium" }, GATE_TAGS],
    ["any stream without the attribute", {}, GATE_TAGS],
    ["a stream of another stack", { stream: "gate" }, { ...GATE_TAGS, stack: "lastframe/derby2" }],
    ["a stream without tags", { stream: "gate" }, {}],
    ["a stream that is closed", { stream: "gate" }, { ...GATE_TAGS, closed: "true" }],
  ] as const) {
    it(`do not send to ${whose}`, async () => {
      expect(await decide("kinesisvideo:PutMedia", user, tags)).to.equal("ImplicitlyDenied");
    });
  }

  it("neither read, make, change nor delete a stream, their own included", async () => {
    const others = [
      "GetMedia",
      "GetClip",
      "ListFragments",
      "CreateStream",
      "UpdateStream",
      "DeleteStream",
      "TagStream",
    ];

    const decisions = await Promise.all(
      others.map((name) => decide(`kinesisvideo:${name}`, { stream: "gate" }, GATE_TAGS)),
    );

    expect([...new Set(decisions)]).to.deep.equal(["ImplicitlyDenied"]);
  });

  it("take a strong password and, where asked, a second factor; nobody opens an account unasked", () => {
    const users = inputs("cognito/userPool:UserPool");

    expect(users.adminCreateUserConfig).to.deep.equal({ allowAdminCreateUserOnly: true });
    expect(users.passwordPolicy).to.include({ minimumLength: 14, requireSymbols: true });
    expect(users.mfaConfiguration).to.equal("ON");
    expect(users.softwareTokenMfaConfiguration).to.deep.equal({ enabled: true });
  });

  it("have an app without a secret, which can read the attribute and cannot write it", () => {
    const app = inputs("cognito/userPoolClient:UserPoolClient");

    expect(app.generateSecret).to.equal(false);
    expect(app.readAttributes).to.include("custom:stream");
    expect(app.writeAttributes).to.not.include("custom:stream");
  });

  it("are never guests, and bring the attribute along as their session's tag", () => {
    const identities = inputs("cognito/identityPool:IdentityPool");
    const tags = inputs("cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag");
    const trust = JSON.parse(inputs("iam/role:Role", "devices-device").assumeRolePolicy).Statement[0];

    expect(identities.allowUnauthenticatedIdentities).to.equal(false);
    expect(identities.allowClassicFlow).to.equal(false);
    expect(tags.principalTags).to.deep.equal({ stream: "custom:stream" });
    expect(trust.Action).to.deep.equal(["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]);
    expect(trust.Condition.StringEquals).to.deep.equal({
      "cognito-identity.amazonaws.com:aud": "devices-id",
    });
  });

  it("find everything in the file that the app reads", () => {
    const phone = JSON.parse(String(program.outputs.phone));

    expect(phone).to.deep.equal({
      Version: "1.0",
      CredentialsProvider: { CognitoIdentity: { Default: { PoolId: "devices-id", Region: "us-east-1" } } },
      IdentityManager: { Default: {} },
      CognitoUserPool: { Default: { AppClientId: "devices-id", PoolId: "devices-id", Region: "us-east-1" } },
    });
  });

  it("are not there unless they are asked for", async () => {
    const { resources, outputs } = await runProgram(twoCameras());

    expect(resources.filter(({ type }) => type.startsWith("aws:cognito/"))).to.deep.equal([]);
    expect(outputs.phone).to.equal(undefined);
  });
});
