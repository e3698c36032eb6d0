import { awsError } from "../core/errors";
import type { Call } from "../core/service";
import {
  type FunctionsOf,
  type LambdaFunction,
  openFunction,
  type PermissionStatement,
  resourcePolicy,
} from "./functions";
import { invalid, refuseUnknown } from "./settings";

interface PermissionInput {
  FunctionName?: string;
  StatementId?: string;
  Action?: string;
  Principal?: string;
  SourceArn?: string;
  SourceAccount?: string;
  RevisionId?: string;
  Qualifier?: string;
}

const MEMBERS = [
  "FunctionName",
  "StatementId",
  "Action",
  "Principal",
  "SourceArn",
  "SourceAccount",
  "RevisionId",
  "Qualifier",
];

/** The operations on a function's resource policy: who beside its account's roles may invoke it. */
export function makePermissionOperations(of: FunctionsOf) {
  return {
    async AddPermission(input: PermissionInput, call: Call) {
      const found = await openFunction(of, "AddPermission", input, call);
      refuseUnknown(input, (member) => MEMBERS.includes(member));
      const statement = makeStatement(input, found);
      if (found.permissions.some(({ Sid }) => Sid === statement.Sid)) {
        throw awsError(
          "ResourceConflictException",
          409,
          `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
        );
      }
      found.permissions.push(statement);
      of.functions.save();
      return { Statement: JSON.stringify(statement) };
    },

    async RemovePermission(input: PermissionInput, call: Call) {
      const found = await openFunction(of, "RemovePermission", input, call);
      const rest = found.permissions.filter(({ Sid }) => Sid !== input.StatementId);
      if (rest.length === found.permissions.length) {
        const message = `Statement ${input.StatementId} is not found in resource policy.`;
        throw awsError("ResourceNotFoundException", 404, message);
      }
      found.permissions = rest;
      of.functions.save();
      return undefined;
    },

    async GetPolicy(input: PermissionInput, call: Call) {
      const found = await openFunction(of, "GetPolicy", input, call);
      const policy = resourcePolicy(found);
      if (!policy) {
        const message = "The resource you requested does not exist.";
        throw awsError("ResourceNotFoundException", 404, message);
      }
      return { Policy: JSON.stringify(policy), RevisionId: found.revisionId };
    },
  };
}

function makeStatement(input: PermissionInput, { arn }: LambdaFunction): PermissionStatement {
  const { StatementId: sid, Action: action, Principal: principal, SourceArn, SourceAccount } = input;
  if (!sid || !/^[A-Za-z0-9_-]{1,100}$/.test(sid)) throw invalid(`StatementId ${sid} is not [A-Za-z0-9_-]+`);
  if (!action || !/^lambda:(\*|[A-Za-z]+)$/.test(action))
    throw invalid(`Action ${action} is not lambda:Something`);
  if (!principal) throw invalid("Principal is required");
  const condition = {
    ...(SourceAccount ? { StringEquals: { "AWS:SourceAccount": SourceAccount } } : {}),
    ...(SourceArn ? { ArnLike: { "AWS:SourceArn": SourceArn } } : {}),
  };
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: readPrincipal(principal),
    Action: action,
    Resource: arn,
    ...(Object.keys(condition).length > 0 ? { Condition: condition } : {}),
  };
}

function readPrincipal(principal: string): PermissionStatement["Principal"] {
  if (principal === "*") return "*";
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principal.startsWith("arn:aws:iam::")) return { AWS: principal };
  if (/^[a-z0-9.-]+\.amazonaws\.com$/.test(principal)) return { Service: principal };
  throw invalid(
    `The provided principal was invalid. Please check the principal and try again. (${principal})`,
  );
}
