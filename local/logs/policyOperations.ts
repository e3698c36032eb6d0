import type {
  DeleteResourcePolicyRequest,
  DescribeResourcePoliciesRequest,
  PutResourcePolicyRequest,
} from "@aws-sdk/client-cloudwatch-logs";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import type { LogGroups, ResourcePolicy } from "./groups";
import { badToken, checks, invalid, notFound } from "./inputs";

/** "Resource policies per Region", CloudWatch Logs quotas. */
const MAX_POLICIES = 10;

/** The operations on the account's resource policies, which let AWS services write to its log groups. */
export function makePolicyOperations({ clock }: CloudDeps, { policies, save }: LogGroups) {
  const operations = {
    async PutResourcePolicy(input: PutResourcePolicyRequest, call) {
      await call.authorize({ action: "logs:PutResourcePolicy", resource: "*" });
      checks.unsupported(input, ["resourceArn", "expectedRevisionId"]);
      const name = checks.required(input.policyName, "policyName");
      const document = checks.required(input.policyDocument, "policyDocument");
      checkDocument(document);
      if (!Object.hasOwn(policies, name) && Object.keys(policies).length >= MAX_POLICIES) {
        throw awsError("LimitExceededException", 400, "Resource limit exceeded.");
      }
      const policy = { name, document, updatedMs: clock.nowMs() };
      policies[name] = policy;
      save();
      return { resourcePolicy: describe(policy) };
    },

    async DescribeResourcePolicies(input: DescribeResourcePoliciesRequest, call) {
      await call.authorize({ action: "logs:DescribeResourcePolicies", resource: "*" });
      checks.unsupported(input, ["resourceArn"]);
      checks.oneOf(input.policyScope, "policyScope", ["ACCOUNT"]);
      const listed = page(Object.values(policies).sort(byKey(({ name }) => name)), ({ name }) => name, {
        limit: checks.range(input.limit, "limit", 1, 50) ?? 50,
        token: input.nextToken,
        badToken,
      });
      return { resourcePolicies: listed.items.map(describe), nextToken: listed.nextToken };
    },

    async DeleteResourcePolicy(input: DeleteResourcePolicyRequest, call) {
      await call.authorize({ action: "logs:DeleteResourcePolicy", resource: "*" });
      checks.unsupported(input, ["resourceArn", "expectedRevisionId"]);
      const name = checks.required(input.policyName, "policyName");
      if (!Object.hasOwn(policies, name)) throw notFound(`resource policy ${name}`);
      delete policies[name];
      save();
      return undefined;
    },
  } satisfies Record<string, Operation>;
  return operations;
}

const describe = ({ name, document, updatedMs }: ResourcePolicy) => ({
  policyName: name,
  policyDocument: document,
  lastUpdatedTime: updatedMs,
  policyScope: "ACCOUNT",
});

function checkDocument(document: string): void {
  try {
    JSON.parse(document);
  } catch (error) {
    throw invalid(`Invalid policy document: ${(error as Error).message}`);
  }
}
