import { runSimulation, type Simulation } from "@cloud-copilot/iam-simulate";
import { awsError } from "../core/errors";
import type { Caller, CloudDeps, Need } from "../core/service";
import { principalTagContext, requestTagContext } from "../core/tagContext";
import { identityOf } from "./identities";
import { documentOfPolicy } from "./managedPolicies";
import { type IamState, type Identity, roleOfArn } from "./state";

/** Decides whether callers may do what they ask for. */
export interface Authorizer {
  /**
   * Resolves when policies allow `caller` all of `needs`; `context` are condition keys of the call itself.
   * @throws AccessDeniedException (403) for the first need that is denied
   */
  authorize(caller: Caller, needs: Need[], context?: Need["context"]): Promise<void>;
  /** Whether a role's trust policy admits an AWS service such as `lambda.amazonaws.com`, on behalf of `sourceArn`. */
  trusts(roleArn: string, servicePrincipal: string, sourceArn?: string): Promise<boolean>;
  /**
   * Whether a role's trust policy admits somebody whom an identity provider vouches for, with these session tags.
   * @param context what the provider says of them, such as `cognito-identity.amazonaws.com:aud`
   */
  trustsWebIdentity(
    roleArn: string,
    provider: string,
    context: NonNullable<Need["context"]>,
    tags: Record<string, string>,
  ): Promise<boolean>;
}

/** A permission that a call needed, and whether policies allowed it. */
export interface Judgement {
  caller: Caller;
  need: Need;
  isAllowed: boolean;
}

type Decision =
  | "Allowed"
  | "ImplicitlyDenied"
  | "ExplicitlyDenied by identity"
  | "ExplicitlyDenied by resource";

const ALLOW_ALL = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

const MAX_REMEMBERED_DECISIONS = 10_000;

/**
 * Judges needs with the IAM simulator. A decision is remembered until a policy changes (0.01 ms instead of 1 ms), unless
 * the policies look at the time. The owner has a policy that allows everything, so only a resource's policy can deny it
 * something; a service has none, so only a resource's policy can allow it something.
 * @param onJudgement told of each permission that a call needed
 */
export function makeAuthorizer(
  state: IamState,
  { clock, region }: CloudDeps,
  onJudgement?: (judgement: Judgement) => void,
): Authorizer {
  let remembered = new Map<string, Decision>();
  state.onChange(() => {
    // A new map, so that a decision on the old policies that is still being made is not kept among the new ones.
    remembered = new Map();
  });

  async function decide(caller: Caller, need: Need, callContext: Need["context"] = {}): Promise<Decision> {
    const context = { ...contextOfCaller(state, caller, region), ...callContext, ...need.context };
    const key = JSON.stringify([caller.arn, need.action, need.resource, context, need.resourcePolicy]);
    const decisions = remembered;
    const known = decisions.get(key);
    if (known) return known;

    const policies = policiesOfCaller(state, caller);
    const nowMs = clock.nowMs();
    const simulation: Simulation = {
      request: {
        principal: caller.arn,
        action: need.action,
        resource: { resource: need.resource, accountId: state.accountId },
        contextVariables: {
          ...context,
          "aws:CurrentTime": new Date(nowMs).toISOString(),
          "aws:EpochTime": String(Math.floor(nowMs / 1000)),
        },
      },
      identityPolicies: policies.map(({ name, document }) => ({
        name,
        policy: JSON.parse(document) as object,
      })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: need.resourcePolicy,
    };
    const decision = await simulate(simulation, need);
    const looksAtTime = /aws:(CurrentTime|EpochTime)/i.test(
      JSON.stringify([simulation.identityPolicies, need.resourcePolicy]),
    );
    if (!looksAtTime) {
      if (decisions.size >= MAX_REMEMBERED_DECISIONS) decisions.clear();
      decisions.set(key, decision);
    }
    return decision;
  }

  return {
    async authorize(caller, needs, context) {
      for (const need of needs) {
        const decision = await decide(caller, need, context);
        onJudgement?.({ caller, need, isAllowed: decision === "Allowed" });
        if (decision !== "Allowed") throw denial(caller, need, decision);
      }
    },
    async trusts(roleArn, servicePrincipal, sourceArn) {
      const role = roleOfArn(state, roleArn);
      if (!role) return false;
      const resourcePolicy = JSON.parse(role.trustPolicy) as object;
      const service: Caller = { kind: "service", arn: servicePrincipal, accountId: state.accountId };
      const need = { action: "sts:AssumeRole", resource: roleArn, resourcePolicy };
      const context = contextOfService(state.accountId, sourceArn);
      return (await decide(service, need, context)) === "Allowed";
    },
    async trustsWebIdentity(roleArn, provider, context, tags) {
      const role = roleOfArn(state, roleArn);
      if (!role) return false;
      const federated: Caller = { kind: "service", arn: provider, accountId: state.accountId };
      const said = { ...context, ...requestTagContext(tags) };
      const hasTags = Object.keys(tags).length > 0;
      const policies = [role.trustPolicy, ...(hasTags ? [aboutTagging(role.trustPolicy)] : [])];
      for (const policy of policies) {
        const resourcePolicy = JSON.parse(policy) as object;
        const need = { action: WEB_IDENTITY, resource: roleArn, resourcePolicy };
        if ((await decide(federated, need, said)) !== "Allowed") return false;
      }
      return true;
    },
  };
}

const WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity";

/**
 * What a trust policy says of sts:TagSession, told as if of sts:AssumeRoleWithWebIdentity: AWS judges both in the same
 * context, and the simulator knows what identity providers say of the second only.
 */
const aboutTagging = (trustPolicy: string): string =>
  trustPolicy
    .replaceAll(/sts:AssumeRoleWithWebIdentity/gi, "sts:GetCallerIdentity")
    .replaceAll(/sts:TagSession/gi, WEB_IDENTITY);

function policiesOfCaller(state: IamState, caller: Caller): { name: string; document: string }[] {
  if (caller.kind === "owner") return [{ name: "owner", document: ALLOW_ALL }];
  const identity = identityOf(state, caller);
  if (!identity) return [];
  return [
    ...Object.entries(identity.inlinePolicies).map(([name, document]) => ({ name, document })),
    ...identity.attachedPolicyArns.map((arn) => ({ name: arn, document: documentOfPolicy(state, arn) })),
  ];
}

const PRINCIPAL_TYPES = { owner: "Account", user: "User", role: "AssumedRole", anonymous: "Anonymous" };

/** The global condition keys of a caller (IAM user guide, "AWS global condition context keys"). */
function contextOfCaller(state: IamState, caller: Caller, region: string): NonNullable<Need["context"]> {
  const identity = identityOf(state, caller);
  return {
    // Loopback stands in for TLS.
    "aws:SecureTransport": "true",
    "aws:SourceIp": "127.0.0.1",
    "aws:RequestedRegion": region,
    ...(caller.kind === "service"
      ? { "aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller.arn }
      : {
          "aws:PrincipalIsAWSService": "false",
          "aws:PrincipalArn": caller.roleArn ?? caller.arn,
          "aws:PrincipalAccount": caller.accountId,
          "aws:PrincipalType": PRINCIPAL_TYPES[caller.kind],
          "aws:userid": userIdOf(caller, identity),
        }),
    ...(caller.kind === "user" && identity ? { "aws:username": identity.name } : {}),
    ...principalTagContext(identity?.tags),
    // A session's tag stands before one of its role ("Pass session tags in AWS STS", IAM user guide).
    ...caller.sessionContext,
  };
}

/** The condition keys of a call that an AWS service makes on behalf of a resource of this account. */
export function contextOfService(accountId: string, sourceArn?: string): Record<string, string> {
  return { "aws:SourceAccount": accountId, ...(sourceArn ? { "aws:SourceArn": sourceArn } : {}) };
}

/** The unique id of a caller as `aws:userid` and GetCallerIdentity write it. */
export function userIdOf(caller: Caller, identity: Identity | undefined): string {
  if (!identity) return caller.accountId;
  return caller.kind === "role" ? `${identity.id}:${caller.arn.split("/").at(-1)}` : identity.id;
}

/**
 * Runs one simulation.
 * @throws when the simulator knows no such action, or no such resource or condition key of it: the service asked wrongly
 */
async function simulate(simulation: Simulation, need: Need): Promise<Decision> {
  const answer = await runSimulation(withEncryptionContext(simulation), {});
  if (answer.resultType === "error") {
    throw new Error(
      `IAM cannot judge ${need.action} on ${need.resource}: ${JSON.stringify(answer.errors)}; correct the action, ARN or policy that the service passes to authorize`,
    );
  }
  const results = answer.resultType === "single" ? [answer.result] : answer.results;
  const unknown = Object.keys(need.context ?? {}).filter((key) =>
    results.every(({ ignoredContextKeys }) => ignoredContextKeys?.includes(key)),
  );
  if (results.length > 0 && unknown.length > 0) {
    throw new Error(`IAM knows no condition key ${unknown.join(", ")} of ${need.action} on ${need.resource}`);
  }
  if (answer.overallResult !== "ExplicitlyDenied") return answer.overallResult;
  const byIdentity = results.some(({ analysis }) => analysis.identityAnalysis?.result === "ExplicitlyDenied");
  return byIdentity ? "ExplicitlyDenied by identity" : "ExplicitlyDenied by resource";
}

/**
 * The simulator knows variable condition keys by a slash before the variable part (`aws:PrincipalTag/stream`), which
 * `kms:EncryptionContext:stream` does not have: policies and request are told of it under a key that has one.
 */
function withEncryptionContext(simulation: Simulation): Simulation {
  const text = JSON.stringify(simulation);
  if (!text.includes("kms:EncryptionContext:")) return simulation;
  const told = text.replaceAll("kms:EncryptionContext:", "aws:PrincipalTag/kms:EncryptionContext:");
  return JSON.parse(told) as Simulation;
}

function denial(caller: Caller, need: Need, decision: Exclude<Decision, "Allowed">) {
  const reason = {
    ImplicitlyDenied: `because no ${caller.kind === "service" ? "resource" : "identity"}-based policy allows the ${need.action} action`,
    "ExplicitlyDenied by identity": "with an explicit deny in an identity-based policy",
    "ExplicitlyDenied by resource": "with an explicit deny in a resource-based policy",
  }[decision];
  return awsError(
    "AccessDeniedException",
    403,
    `User: ${caller.arn} is not authorized to perform: ${need.action} on resource: ${need.resource} ${reason}`,
  );
}
