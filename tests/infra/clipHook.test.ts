import { expect } from "chai";
import { runProgram, twoCameras } from "../support/program";

const arnOf = (service: string, resource: string) => `arn:aws:${service}:us-east-1:123456789012:${resource}`;

async function hook(targetArn: string) {
  const program = await runProgram(twoCameras({ "lastframe:clipHook": targetArn }), { stack: "derby" });
  const { inputs: target } = program.resource("aws:cloudwatch/eventTarget:EventTarget", "clip-hook");
  const { inputs: rule } = program.resource("aws:cloudwatch/eventRule:EventRule", "clip-hook");
  const [role] = program.resources.filter(
    ({ type, name }) => type === "aws:iam/rolePolicy:RolePolicy" && name === "clip-hook",
  );
  const permissions = program.resources.filter(
    ({ type, name }) => type === "aws:lambda/permission:Permission" && name === "clip-hook",
  );
  return { target, rule, permissions, allowed: role && JSON.parse(role.inputs.policy).Statement };
}

describe("one's own processing of clips", () => {
  it("hears of each clip of the stack, and of nothing else", async () => {
    const { rule, target } = await hook(arnOf("lambda", "function:playlist"));

    expect(JSON.parse(rule.eventPattern)).to.deep.equal({
      source: ["lastframe"],
      "detail-type": ["Clip Archived"],
      detail: { stack: ["lastframe/derby"] },
    });
    expect(target).to.deep.include({
      arn: arnOf("lambda", "function:playlist"),
      retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
    });
    expect(target.deadLetterConfig.arn).to.contain("clip-hook-dead-letters");
  });

  it("is a function that the rule may call", async () => {
    const { permissions, target } = await hook(arnOf("lambda", "function:playlist"));

    expect(permissions.map(({ inputs }) => [inputs.function, inputs.principal])).to.deep.equal([
      [arnOf("lambda", "function:playlist"), "events.amazonaws.com"],
    ]);
    expect(target.roleArn).to.equal(undefined);
  });

  for (const [what, arn, action] of [
    ["state machine", arnOf("states", "stateMachine:review"), "states:StartExecution"],
    ["event bus", arnOf("events", "event-bus/studio"), "events:PutEvents"],
  ] as const) {
    it(`is a ${what}, which a role may ${action} and nothing else`, async () => {
      const { allowed, target } = await hook(arn);

      expect(allowed).to.deep.equal([{ Effect: "Allow", Action: action, Resource: arn }]);
      expect(target.roleArn).to.be.a("string");
    });
  }

  it("is a queue or topic, whose own policy decides", async () => {
    const { allowed, permissions, target } = await hook(arnOf("sqs", "clips"));

    expect([allowed, permissions, target.roleArn]).to.deep.equal([undefined, [], undefined]);
  });
});
