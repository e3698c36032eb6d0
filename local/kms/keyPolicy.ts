import { awsError, isAwsError } from "../core/errors";
import { checkPolicyDocument } from "../iam/policyDocuments";

/** Whether there is a role of this ARN. */
export type RoleExists = (roleArn: string) => boolean;

/** The policy of a key that was given none: the account, which means whoever its IAM policies allow. */
export const defaultKeyPolicy = (accountId: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  });

const MAX_POLICY_BYTES = 32_768;

/**
 * Checks a key policy as KMS does when it is put. The roles that it names must exist.
 * @throws MalformedPolicyDocumentException, LimitExceededException
 */
export async function checkKeyPolicy(text: string, roleExists: RoleExists): Promise<void> {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES) {
    throw awsError("LimitExceededException", 400, `A key policy has at most ${MAX_POLICY_BYTES} bytes`);
  }
  try {
    await checkPolicyDocument(text, "resource");
  } catch (error) {
    if (isAwsError(error)) throw malformed(error.message);
    throw error;
  }
  const { Statement } = JSON.parse(text) as {
    Statement: { Principal?: string | { AWS?: string | string[] } };
  };
  for (const { Principal } of [Statement].flat()) {
    const arns = typeof Principal === "object" ? [Principal.AWS ?? []].flat() : [];
    const missing = arns.find((arn) => /^arn:aws:iam::\d{12}:role\//.test(arn) && !roleExists(arn));
    if (missing) {
      throw malformed(
        `Policy contains a statement with one or more invalid principals: ${missing} does not exist`,
      );
    }
  }
}

const malformed = (message: string) => awsError("MalformedPolicyDocumentException", 400, message);
