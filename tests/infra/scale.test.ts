import { createHook } from "node:async_hooks";
import { expect } from "chai";
import { type DeployedProgram, type Registered, runProgram } from "../support/program";

/** A configuration with everything on, and names as long as they may be. */
const largest = (streams: number, length = 100) => ({
  "lastframe:streams": JSON.stringify(
    Array.from({ length: streams }, (_, index) => ({ name: `${index}-`.padEnd(length, "x") })),
  ),
  "lastframe:prefix": `${"x".repeat(199)}/`,
  "lastframe:notify": "true",
  "lastframe:deviceSignIn": "true",
  "lastframe:encryption": "new-key",
  "lastframe:clipHook": `arn:aws:lambda:us-east-1:123456789012:function:${"x".repeat(64)}`,
  "lastframe:network": "existing",
  "lastframe:subnetIds": '["subnet-0a1b2c3d"]',
  "lastframe:securityGroupIds": '["sg-0a1b2c3d"]',
});
const LONG_STACK = "s".repeat(100);

/** AWS's own, and no component that is called as one of its parts. */
const ofType = ({ resources }: DeployedProgram, type: string) =>
  resources
    .filter((resource) => resource.type.startsWith("aws:") && resource.type.endsWith(`:${type}`))
    .map(({ inputs }) => inputs);

/** Characters of all inline policies by role. */
function policyLengths(program: DeployedProgram): number[] {
  const byRole = new Map<string, number>();
  for (const { role, policy } of ofType(program, "RolePolicy") as Registered["inputs"][])
    byRole.set(role, (byRole.get(role) ?? 0) + policy.length);
  return [...byRole.values()];
}

describe("a program of a thousand streams", function () {
  this.timeout(300_000);
  let program: DeployedProgram;
  before(async () => {
    program = await runProgram(largest(1000), { stack: LONG_STACK });
  });

  it("stays inside AWS's limits with the longest names there are", () => {
    const environments = ofType(program, "Function").map(({ environment }) =>
      Object.entries(environment.variables as Record<string, string>)
        .flat()
        .join(""),
    );
    const patterns = ofType(program, "EventRule").map(({ eventPattern = "" }) => eventPattern as string);
    const alarms = ofType(program, "MetricAlarm");

    expect(Math.max(...policyLengths(program)), "role policy").to.be.at.most(10_240);
    expect(Math.max(...environments.map(({ length }) => length)), "environment").to.be.at.most(4096);
    expect(ofType(program, "StateMachine")[0]?.definition.length, "definition").to.be.at.most(1_048_576);
    expect(Math.max(...patterns.map(({ length }) => length)), "event pattern").to.be.at.most(2048);
    expect(Math.max(...alarms.map(({ name }) => name.length)), "alarm name").to.be.at.most(255);
    for (const { dashboardBody } of ofType(program, "Dashboard")) {
      expect(JSON.parse(dashboardBody).widgets.length, "widgets").to.be.at.most(500);
    }
    for (const { policy } of ofType(program, "Key")) expect(policy.length).to.be.at.most(32_768);
  });

  it("makes nothing for all streams more often than for one", async () => {
    const one = await runProgram(largest(1), { stack: LONG_STACK });
    const two = await runProgram(largest(2), { stack: LONG_STACK });

    const perStream = two.resources.length - one.resources.length;
    expect(program.resources.length).to.equal(one.resources.length + 999 * perStream);
    expect(Math.max(...policyLengths(program))).to.equal(Math.max(...policyLengths(one)));
  });
});

describe("the work of evaluating the program", function () {
  this.timeout(120_000);

  /** Promises that are made while it runs: as good a measure of Pulumi's work as time, and the same on any machine. */
  async function promisesFor(streams: number): Promise<number> {
    let promises = 0;
    const hook = createHook({
      init: (_id, type) => {
        if (type === "PROMISE") promises += 1;
      },
    }).enable();
    await runProgram(largest(streams, 10));
    hook.disable();
    return promises;
  }

  it("grows in proportion to streams", async () => {
    await promisesFor(1);

    const [few, more, many] = [await promisesFor(10), await promisesFor(20), await promisesFor(40)];

    expect((many - more) / (more - few)).to.be.closeTo(2, 0.05);
  });
});
