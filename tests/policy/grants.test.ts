import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import type { Judgement } from "../../local/iam/authorization";
import { atTheEnd } from "../support/hooks";
import { recordedJudgements } from "../support/judgements";
import { type Grant, grantsOf, roleName, uses } from "./grants";
import { everyProgram } from "./programs";

const systemTests = path.join(__dirname, "..", "system");

/** Whether every system test is part of this run: the record of a few says nothing of what is never called. */
const hasEverySystemTest = () =>
  fs
    .readdirSync(systemTests)
    .filter((file) => file.endsWith(".test.ts"))
    .every((file) => path.join(systemTests, file) in require.cache);

atTheEnd(
  describe("what the roles are allowed, after all system tests", function () {
    this.timeout(300_000);
    let grants: Grant[];
    before(async function () {
      if (!hasEverySystemTest()) {
        console.log("    to judge what the roles are allowed, run all tests: npm test");
        this.skip();
      }
      grants = grantsOf(await everyProgram());
    });

    it("was called, every single action, by some test", () => {
      const record = recordedJudgements().filter(({ isAllowed }) => isAllowed);

      const unused = grants.filter((grant) => !record.some((judgement) => uses(judgement, grant)));

      expect(unused.map(({ role, action, resource }) => `${role}: ${action} on ${resource}`)).to.deep.equal(
        [],
      );
    });

    it("is all that they ever called, but for what a test took away for a while", () => {
      const ours = new Set(grants.map(({ role }) => role));
      const record = recordedJudgements().filter(({ caller }) => ours.has(roleName(caller.roleArn)));
      const allowed = new Set(record.filter(({ isAllowed }) => isAllowed).map(describeCall));

      const denied = record.filter(({ isAllowed }) => !isAllowed).map(describeCall);

      expect(denied.filter((call) => !allowed.has(call))).to.deep.equal([]);
    });
  }),
);

/** A call as a sentence that is the same in every deployment. */
function describeCall({ caller, need }: Judgement): string {
  const resource = need.resource.replace(/-[0-9a-f]{7}\b/g, "").replace(/\b\d{13}\b/g, "");
  return `${roleName(caller.roleArn)}: ${need.action} on ${resource}`;
}
