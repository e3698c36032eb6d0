import { isAwsError } from "../core/errors";
import type { CallAs, UseKey } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { LogGroups } from "./groups";
import { invalid } from "./inputs";

/**
 * Asks KMS whether CloudWatch Logs may use a key for a group ("Encrypt log data in CloudWatch Logs using AWS KMS", user
 * guide): the service acts for itself, so the key's policy must admit `logs.REGION.amazonaws.com` for the group's ARN.
 * @throws InvalidParameterException
 */
export type AskGroupKey = (kmsKeyId: string, groupName: string) => Promise<void>;

/** Makes the question; without KMS every key can be used. */
export function makeAskGroupKey(
  { region, useKey, callAs }: CloudDeps & { useKey?: UseKey; callAs?: CallAs },
  logs: LogGroups,
): AskGroupKey {
  return async (keyId, groupName) => {
    if (!useKey || !callAs) return;
    const arn = logs.arnOf(groupName);
    try {
      const call = callAs({ servicePrincipal: `logs.${region}.amazonaws.com`, sourceArn: arn });
      const encryptionContext = { "aws:logs:arn": arn };
      await useKey({ keyId, operations: ["Encrypt", "GenerateDataKey", "Decrypt"], call, encryptionContext });
    } catch (error) {
      if (!isAwsError(error)) throw error;
      throw invalid(
        `The specified KMS key does not exist or is not allowed to be used with Arn '${arn}' (${error.message})`,
      );
    }
  };
}
