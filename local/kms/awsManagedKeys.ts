import type { Key } from "./keys";

/** The services here that have a key of their own in every account. */
const SERVICES = ["kinesisvideo", "lambda", "s3", "sns", "sqs"];

/**
 * The key behind `alias/aws/SERVICE`, which AWS makes and whose policy nobody can change: the account's principals may
 * use it through its service. Services that act for themselves, such as CloudWatch's alarms, are not among them.
 */
export function managedKeyOf(
  aliasName: string,
  { region, accountId }: { region: string; accountId: string },
): Pick<Key, "description" | "manager" | "policy" | "tags"> | undefined {
  const service = SERVICES.find((name) => aliasName === `alias/aws/${name}`);
  if (!service) return undefined;
  const through = `${service}.${region}.amazonaws.com`;
  const use = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey"];
  const look = ["Describe*", "Get*", "List*", "RevokeGrant"];
  const Statement = [
    {
      Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: use.map((name) => `kms:${name}`),
      Resource: "*",
      Condition: { StringEquals: { "kms:ViaService": through, "kms:CallerAccount": accountId } },
    },
    {
      Sid: "Allow direct access to key metadata to the account",
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: look.map((name) => `kms:${name}`),
      Resource: "*",
    },
  ];
  return {
    description: `Default key that protects my ${service} data when no other key is defined`,
    manager: "AWS",
    policy: JSON.stringify({ Version: "2012-10-17", Id: `auto-${service}-1`, Statement }),
    tags: {},
  };
}
