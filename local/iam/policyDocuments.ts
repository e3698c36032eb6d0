import { runSimulation, type Simulation } from "@cloud-copilot/iam-simulate";
import { awsError } from "../core/errors";
import { percentEncode } from "./percentEncoding";

/** What a document is for: an identity's permissions, who may take a role on, or who may use a resource. */
type DocumentKind = "identity" | "trust" | "resource";

interface Statement {
  Principal?: unknown;
  NotPrincipal?: unknown;
  Resource?: unknown;
  NotResource?: unknown;
}

/**
 * Checks a policy document as IAM does when it is put; answers its text.
 * @throws MalformedPolicyDocument (400) for what is no JSON or no valid policy of its kind
 */
export async function checkPolicyDocument(text: string | undefined, kind: DocumentKind): Promise<string> {
  const document = parse(text ?? "");
  const errors = await simulatorErrors(document, kind);
  if (errors.length > 0) throw malformed(errors.join("; "));
  if (kind !== "identity") {
    for (const statement of [document.Statement].flat() as Statement[]) {
      if (kind === "trust" && (statement.Resource || statement.NotResource))
        throw malformed("Has prohibited field Resource");
      if (!statement.Principal && !statement.NotPrincipal)
        throw malformed("Missing required field Principal");
    }
  }
  return text ?? "";
}

/** A document as IAM answers it: percent-encoded after RFC 3986. */
export const encodePolicyDocument = percentEncode;

/** The size that quotas count: white space is free (IAM user guide, "IAM and AWS STS quotas"). */
export const policySize = (...documents: string[]) => documents.join("").replace(/\s/g, "").length;

const malformed = (message: string) => awsError("MalformedPolicyDocument", 400, message);

function parse(text: string): { Statement?: unknown } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed("This policy contains invalid Json");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw malformed("The policy is not a JSON object");
  }
  return document;
}

/** The simulator validates the policies that it is given; the request itself does not matter. */
async function simulatorErrors(document: object, kind: DocumentKind): Promise<string[]> {
  const simulation: Simulation = {
    request: {
      principal: "arn:aws:iam::123456789012:root",
      action: "sts:GetCallerIdentity",
      resource: { resource: "*", accountId: "123456789012" },
      contextVariables: {},
    },
    identityPolicies: kind === "identity" ? [{ name: "policy", policy: document }] : [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: kind === "identity" ? undefined : document,
  };
  const answer = await runSimulation(simulation, {});
  if (answer.resultType !== "error") return [];
  const { identityPolicyErrors = {}, resourcePolicyErrors = [] } = answer.errors;
  const errors = [...Object.values(identityPolicyErrors).flat(), ...resourcePolicyErrors];
  return errors.map(({ message, path }) => (path ? `${message} at ${path}` : message));
}
