import { awsError } from "../core/errors";
import type { Call, CloudDeps, Operation } from "../core/service";
import type { Iam } from "../iam";
import { checkName, refuseMembers, validationError } from "../iam/inputs";
import type { Role } from "../iam/state";

interface AssumeRoleInput {
  RoleArn?: string;
  RoleSessionName?: string;
  DurationSeconds?: number | string;
  ExternalId?: string;
}

const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/**
 * AssumeRole: temporary credentials of a role whose trust policy admits the caller, by itself or by admitting the account
 * and leaving it to the caller's own policies.
 */
export function makeAssumeRole({
  iam,
}: CloudDeps & { iam: Pick<Iam, "findRole" | "issueCredentials" | "userId"> }): Operation {
  return async (input: AssumeRoleInput, call) => {
    const { RoleArn = "", ExternalId } = input;
    if (!ROLE_ARN.test(RoleArn))
      throw validationError(`${RoleArn} is invalid: write arn:aws:iam::ACCOUNT:role/NAME`);
    const sessionName = checkName("roleSessionName", input.RoleSessionName, 64);
    if (sessionName.length < 2) {
      throw validationError(`Value '${sessionName}' at 'roleSessionName' is shorter than 2`);
    }
    refuseMembers(
      input,
      "Policy",
      "PolicyArns",
      "Tags",
      "TransitiveTagKeys",
      "SourceIdentity",
      "SerialNumber",
    );

    const role = iam.findRole(RoleArn);
    if (!role) {
      // STS does not tell strangers which roles there are.
      throw awsError(
        "AccessDenied",
        403,
        `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      );
    }
    await call.authorize({
      action: "sts:AssumeRole",
      resource: RoleArn,
      context: {
        "sts:RoleSessionName": sessionName,
        ...(ExternalId ? { "sts:ExternalId": ExternalId } : {}),
      },
      resourcePolicy: JSON.parse(role.trustPolicy) as object,
    });

    const durationSeconds = readDuration(input.DurationSeconds, role, call);
    const credentials = iam.issueCredentials({ roleArn: RoleArn, sessionName, durationSeconds });
    return {
      Credentials: {
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        SessionToken: credentials.sessionToken,
        Expiration: credentials.expiration,
      },
      AssumedRoleUser: {
        AssumedRoleId: `${role.id}:${sessionName}`,
        Arn: `arn:aws:sts::${call.accountId}:assumed-role/${role.name}/${sessionName}`,
      },
    };
  };
}

/** One hour unless said; 15 minutes to the role's maximum, and an hour at most for a role taken on from a role's session. */
function readDuration(value: number | string = 3600, role: Role, call: Call): number {
  const seconds = Number(value);
  if (!(seconds >= 900 && seconds <= 43_200)) {
    throw validationError(
      `Value '${value}' at 'durationSeconds' failed to satisfy constraint: write 900 to 43200 seconds`,
    );
  }
  if (call.caller.kind === "role" && seconds > 3600) {
    throw awsError(
      "ValidationError",
      400,
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    );
  }
  if (seconds > role.maxSessionSeconds) {
    throw awsError(
      "ValidationError",
      400,
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  return seconds;
}
