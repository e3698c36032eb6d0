import { awsError, isAwsError } from "../core/errors";
import type { CallAs, UseKey } from "../core/seams";
import type { Call, CloudDeps } from "../core/service";
import type { FunctionSettings, LambdaFunction } from "./functions";
import { invalid } from "./settings";

/** What Lambda looks up with a function's role when the function is made, changed or started. */
export interface RoleChecks {
  /**
   * What settings need: of the role, to attach to a network and to write dead letters; of the caller, to use the key.
   * @throws InvalidParameterValueException
   */
  checkSettings(settings: FunctionSettings, functionName: string, call: Call): Promise<void>;
  /** Decrypts the environment for a start. @throws KMSAccessDeniedException and its like (502) */
  openEnvironment(lambdaFunction: LambdaFunction): Promise<void>;
}

/** What a role needs to attach functions to a VPC ("Required IAM permissions", Lambda developer guide). */
const NETWORK_ACTIONS = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"];

const KMS_ERRORS: Record<string, string> = {
  AccessDeniedException: "KMSAccessDeniedException",
  DisabledException: "KMSDisabledException",
  KMSInvalidStateException: "KMSInvalidStateException",
  NotFoundException: "KMSNotFoundException",
};

/** Makes the checks; those without a seam to ask pass. */
export function makeRoleChecks({
  region,
  accountId,
  useKey,
  callAs,
}: CloudDeps & { useKey?: UseKey; callAs?: CallAs }): RoleChecks {
  const asRole = (roleArn: string, sessionName: string) =>
    callAs?.({ roleArn, sessionName, servicePrincipal: "lambda.amazonaws.com" });

  const requireOfRole = async (call: Call | undefined, action: string, resource: string, what: string) => {
    try {
      await call?.authorize({ action, resource });
    } catch (error) {
      if (!isAwsError(error)) throw error;
      throw invalid(`The provided execution role does not have permissions to call ${what}`);
    }
  };

  const useEnvironmentKey = (arn: string, functionArn: string, call: Call, creates: boolean) =>
    useKey?.({
      keyId: arn,
      operations: creates ? ["Encrypt", "CreateGrant"] : ["Decrypt"],
      call,
      via: "lambda",
      encryptionContext: { "aws:lambda:FunctionArn": functionArn },
    });

  return {
    async checkSettings({ role, vpc, deadLetterArn, kmsKeyArn }, functionName, call) {
      const roleCall = asRole(role, functionName);
      if (vpc) {
        for (const action of NETWORK_ACTIONS) {
          const interfaces = `arn:aws:ec2:${region}:${accountId}:network-interface/*`;
          const resource = action.startsWith("Describe") ? "*" : interfaces;
          await requireOfRole(roleCall, `ec2:${action}`, resource, `${action} on EC2`);
        }
      }
      if (deadLetterArn) {
        const [what, action] = deadLetterArn.includes(":sns:")
          ? ["Publish on SNS", "sns:Publish"]
          : ["SendMessage on SQS", "sqs:SendMessage"];
        await requireOfRole(roleCall, action ?? "", deadLetterArn, what ?? "");
      }
      if (!kmsKeyArn) return;
      const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
      try {
        await useEnvironmentKey(kmsKeyArn, functionArn, call, true);
      } catch (error) {
        if (!isAwsError(error)) throw error;
        throw invalid(
          "Lambda was unable to configure access to your environment variables because the KMS key is invalid or not " +
            `yours to use. KMS Exception: ${error.code} KMS Message: ${error.message}`,
        );
      }
    },

    async openEnvironment({ kmsKeyArn, role, name, arn, variables }) {
      const call = asRole(role, name);
      if (!kmsKeyArn || !call || Object.keys(variables).length === 0) return;
      try {
        await useEnvironmentKey(kmsKeyArn, arn, call, false);
      } catch (error) {
        const code = isAwsError(error) ? KMS_ERRORS[error.code] : undefined;
        if (!code) throw error;
        throw awsError(
          code,
          502,
          "Lambda was unable to decrypt the environment variables. Please check the function's KMS key settings. " +
            `KMS Exception: ${code} KMS Message: ${(error as Error).message}`,
        );
      }
    },
  };
}
