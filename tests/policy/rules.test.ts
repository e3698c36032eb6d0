import { expect } from "chai";
import * as fc from "fast-check";
import { settingSchema } from "../../infra/settings/schema";
import { anyConfiguration, choices } from "./configurations";
import { everyProgram, plain, programOf } from "./programs";
import { publicRules } from "./publicRules";
import type { Program } from "./rule";
import { rules } from "./rules";
import { explanationsOf } from "./rules/iam";
import { explainedWildcards, notApplied } from "./securityPage";
import { statementsOf } from "./statements";

/** Types that no rule looks at by themselves, and why. */
const WITHOUT_RULES: Record<string, string> = {
  "aws:cloudwatch/dashboard:Dashboard": "shows, and opens nothing",
  "aws:cloudwatch/eventRule:EventRule": "chooses events; the rules look at its targets",
  "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag":
    "belongs to the identity pool; tests/infra looks at the tags that it makes",
  "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": "names the role, which rules look at",
  "aws:cognito/userPoolClient:UserPoolClient":
    "belongs to the user pool; tests/infra looks at what it may write",
  "aws:kms/alias:Alias": "is a name of the key",
  "aws:lambda/invocation:Invocation": "is a call of a function that rules look at",
};

/** The types that are parts of a bucket, which the rules for buckets look at. */
const isBucketPart = (type: string) => type.startsWith("aws:s3/bucket");

/** What is wrong with a program, as sentences. */
function problemsOf(program: Program): string[] {
  return rules.flatMap((rule) =>
    program.resources
      .filter((resource) => rule.applies(resource, program))
      .flatMap((resource) => {
        const problem = rule.check(resource, program);
        return problem ? [`${resource.type} ${resource.name} ${problem} (${rule.ids.join(", ")})`] : [];
      }),
  );
}

describe("the program's resources, under every two settings together", function () {
  this.timeout(900_000);
  let programs: Program[];
  before(async () => {
    programs = await everyProgram();
  });

  it("obey every rule", () => {
    const problems = new Set(programs.flatMap(problemsOf));

    expect([...problems]).to.deep.equal([]);
  });

  it("obey every rule under more than two settings together", async () => {
    await fc.assert(
      fc.asyncProperty(anyConfiguration, async (values) => {
        expect(problemsOf(await programOf(values))).to.deep.equal([]);
      }),
      { numRuns: 8 },
    );
  });

  for (const rule of rules) {
    it(`are told from those that break ${rule.ids[0]}: a resource ${rule.says}`, () => {
      const program = programs.find((one) => one.resources.some((resource) => rule.applies(resource, one)));
      if (!program) throw new Error("no configuration makes a resource that the rule looks at");
      const { resources, settings } = plain(program);
      const changed = { resources, settings };
      const resource = resources.find((one) => rule.applies(one, changed));
      if (!resource) throw new Error("the copy differs");

      rule.violate(resource, changed);

      expect(rule.check(resource, changed)).to.be.a("string");
    });
  }

  it("are each of a type that a rule looks at, or that needs none", () => {
    const looked = (program: Program) =>
      program.resources.filter((resource) => rules.some((rule) => rule.applies(resource, program)));
    const types = new Set(programs.flatMap(({ resources }) => resources.map(({ type }) => type)));
    const known = new Set(programs.flatMap(looked).map(({ type }) => type));

    const unknown = [...types].filter(
      (type) => /^aws/.test(type) && !known.has(type) && !isBucketPart(type) && !(type in WITHOUT_RULES),
    );

    expect(unknown).to.deep.equal([]);
  });

  it("need every wildcard that docs/security.md explains", () => {
    const used = new Set(
      programs
        .flatMap(({ resources }) => resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy"))
        .flatMap(statementsOf)
        .flatMap(({ actions, resources }) =>
          actions.flatMap((action) => resources.flatMap((resource) => explanationsOf(action, resource))),
        ),
    );

    const unused = explainedWildcards.filter((explained) => !used.has(explained));

    expect(unused).to.deep.equal([]);
  });
});

describe("the rules", () => {
  const implemented = rules.flatMap(({ ids }) => ids);
  const excused = notApplied.flatMap(({ ids }) => ids);

  it("are all of the public ones, but those that docs/security.md gives a reason for", () => {
    const unheeded = Object.values(publicRules)
      .flat()
      .filter((id) => !implemented.includes(id) && !excused.includes(id));

    expect(unheeded).to.deep.equal([]);
  });

  it("are applied or excused, never both, and each once", () => {
    const all = [...implemented, ...excused];

    const repeated = all.filter((id, index) => all.indexOf(id) < index);

    expect(repeated).to.deep.equal([]);
  });

  it("are excused with a reason, by an id that a public set has", () => {
    const known = Object.values(publicRules).flat();

    const unknown = notApplied.filter(({ ids, why }) => why === "" || !ids.every((id) => known.includes(id)));

    expect(unknown).to.deep.equal([]);
  });

  it("are asked of every setting", () => {
    const varied = new Set(Object.values(choices).flatMap((values) => values.flatMap(Object.keys)));

    const left = Object.keys(settingSchema).filter((key) => !varied.has(key));

    expect(left).to.deep.equal([]);
  });
});
