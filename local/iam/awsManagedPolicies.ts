import type { ManagedPolicy } from "./state";

/** Policies that AWS itself manages, by ARN: the few that recordings and their functions are given. */
export const awsManagedPolicies: Record<string, ManagedPolicy> = Object.fromEntries(
  [
    managedByAws("/", "AdministratorAccess", ["*"]),
    managedByAws("/", "AmazonKinesisVideoStreamsFullAccess", ["kinesisvideo:*"]),
    managedByAws("/", "AmazonKinesisVideoStreamsReadOnlyAccess", [
      "kinesisvideo:Describe*",
      "kinesisvideo:Get*",
      "kinesisvideo:List*",
    ]),
    managedByAws("/service-role/", "AWSLambdaBasicExecutionRole", [
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]),
  ].map((policy) => [policy.arn, policy]),
);

function managedByAws(path: string, name: string, actions: string[]): ManagedPolicy {
  const createdMs = Date.UTC(2015, 3, 9);
  const Statement = [{ Effect: "Allow", Action: actions, Resource: "*" }];
  const document = JSON.stringify({ Version: "2012-10-17", Statement });
  return {
    name,
    id: `ANPA${name
      .toUpperCase()
      .replace(/[^A-Z]/g, "")
      .padEnd(17, "A")
      .slice(0, 17)}`,
    path,
    arn: `arn:aws:iam::aws:policy${path}${name}`,
    createdMs,
    updatedMs: createdMs,
    tags: {},
    versions: [{ id: "v1", document, createdMs }],
    defaultVersionId: "v1",
    lastVersion: 1,
  };
}
