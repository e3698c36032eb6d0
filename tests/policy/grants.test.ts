import { expect } from "chai";
import type { Judgement } from "../../local/iam/authorization";
import {
  deployBusHook,
  deployEverything,
  type EverythingDeployed,
  playBusHook,
  playEverything,
} from "./everyCall";
import { allowedActions, deployedGrants, type Grant, roleName, uses } from "./grants";
import { everyProgram } from "./programs";
import { actionsOfAws } from "./securityPage";

describe("what the roles are allowed, when everything is played that they are there for", function () {
  this.timeout(900_000);
  let grants: Grant[];
  let calls: Judgement[];
  before(async () => {
    const all = await record(deployEverything, playEverything);
    const hook = await record(deployBusHook, playBusHook);
    grants = [...all.grants, ...hook.grants.filter(({ role }) => role === "clip-hook")];
    calls = [...all.calls, ...hook.calls];
  });

  async function record(
    deploy: () => Promise<EverythingDeployed>,
    play: (stack: EverythingDeployed) => Promise<void>,
  ) {
    const stack = await deploy();
    try {
      const ofStack = await deployedGrants(stack.cloud);
      await play(stack);
      const roles = new Set(ofStack.map(({ role }) => role));
      const made = stack.judgements().filter(({ caller }) => roles.has(roleName(caller.roleArn)));
      return { grants: ofStack, calls: made };
    } finally {
      await stack.close();
    }
  }

  it("was called, every single action, but for what docs/security.md says AWS itself calls", () => {
    const allowed = calls.filter(({ isAllowed }) => isAllowed);
    const unused = grants.filter((grant) => !allowed.some((call) => uses(call, grant)));

    const needless = unused.filter(({ action }) => !actionsOfAws.includes(action));
    const excusedInVain = actionsOfAws.filter((action) => !unused.some((grant) => grant.action === action));

    expect(needless).to.deep.equal([]);
    expect(excusedInVain).to.deep.equal([]);
  });

  it("is all that was called", () => {
    const denied = calls.filter(({ isAllowed }) => !isAllowed);

    const told = denied.map(({ caller, need }) => `${caller.roleArn}: ${need.action} on ${need.resource}`);
    expect(told).to.deep.equal([]);
  });

  it("is no less than any settings allow", async () => {
    const played = new Set(grants.map(({ role, action }) => `${role}: ${action}`));

    const others = (await everyProgram()).flatMap(allowedActions).filter((one) => !played.has(one));

    expect([...new Set(others)]).to.deep.equal([]);
  });
});
