import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { EncryptionSettings } from "./settings";

export interface EncryptionArgs {
  settings: EncryptionSettings;
  /** The Pulumi project: begins the `stack` tag of the roles that the key lets in, those of recording events among them. */
  project: string;
  /** Whether the key outlives the stack, as it must where the bucket that it encrypts does. */
  outlivesStack: boolean;
  tags: Record<string, string>;
}

/**
 * The one customer key of a stack, for bucket, streams, topics, queues, log groups and the functions' environment: new,
 * existing, or none, where keys of AWS encrypt.
 */
export class Encryption extends pulumi.ComponentResource {
  /** Undefined where keys of AWS encrypt. */
  readonly keyArn?: pulumi.Output<string>;

  constructor(name: string, args: EncryptionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Encryption", name, {}, opts);
    const { settings, project, outlivesStack, tags } = args;

    if (settings.key === "existing") this.keyArn = pulumi.output(settings.arn);
    if (settings.key === "new-key") {
      const key = new aws.kms.Key(
        name,
        {
          description: `Encrypts footage, logs and messages of ${tags.stack}`,
          enableKeyRotation: true,
          deletionWindowInDays: 30,
          policy: keyPolicy(project, { parent: this }),
          tags,
        },
        { parent: this, retainOnDelete: outlivesStack },
      );
      this.keyArn = key.arn;
    }
    this.registerOutputs({ keyArn: this.keyArn });
  }
}

/** The statement with which a role may use the key; none where keys of AWS encrypt, which ask for none. */
export function keyStatements(
  keyArn: pulumi.Input<string> | undefined,
  actions: ("kms:Decrypt" | "kms:GenerateDataKey")[],
): object[] {
  return keyArn ? [{ Effect: "Allow", Action: actions, Resource: keyArn }] : [];
}

/** How a queue is encrypted: with the customer key, or one of SQS. */
export function queueEncryption(keyArn: pulumi.Input<string> | undefined) {
  return keyArn ? { kmsMasterKeyId: keyArn } : { sqsManagedSseEnabled: true };
}

/**
 * Who may do what with the key. Principals of the account need leave of their own policies too, since the key names the
 * account and not them (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html): the device's says
 * GenerateDataKey, the archiver's Decrypt and GenerateDataKey. Roles are known by their `stack` tag, so that those of
 * recording events, which come and go, are let in without a change of the policy.
 */
function keyPolicy(project: string, options: pulumi.InvokeOptions): pulumi.Output<string> {
  const { accountId } = aws.getCallerIdentityOutput({}, options);
  const { region } = aws.getRegionOutput({}, options);
  const { partition } = aws.getPartitionOutput({}, options);
  const account = { AWS: pulumi.interpolate`arn:${partition}:iam::${accountId}:root` };
  const through = (...services: string[]) => ({
    StringEquals: {
      "kms:ViaService": services.map((service) => pulumi.interpolate`${service}.${region}.amazonaws.com`),
    },
  });
  const statements = [
    {
      Sid: "AccountAdministersIt",
      Principal: account,
      Action: [
        "kms:CancelKeyDeletion",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:DisableKeyRotation",
        "kms:EnableKey",
        "kms:EnableKeyRotation",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListGrants",
        "kms:ListKeyPolicies",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
      ],
    },
    {
      Sid: "RolesOfTheProjectUseIt",
      Principal: account,
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Condition: { StringLike: { "aws:PrincipalTag/stack": `${project}/*` } },
    },
    {
      // Cameras with credentials of their own; those that sign in have a role of the project.
      Sid: "CamerasSendFootage",
      Principal: account,
      Action: "kms:GenerateDataKey",
      Condition: through("kinesisvideo"),
    },
    {
      Sid: "PeopleWatchFootage",
      Principal: account,
      Action: "kms:Decrypt",
      Condition: through("s3", "kinesisvideo"),
    },
    {
      // Records and manifests of recording events are in the bucket, which has one data key for all its folders
      // (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html).
      Sid: "PeopleRunEvents",
      Principal: account,
      Action: "kms:GenerateDataKey",
      Condition: through("s3"),
    },
    {
      // Lambda encrypts a function's environment for whoever deploys it, by a grant
      // (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html).
      Sid: "DeployersSetEnvironments",
      Principal: account,
      Action: ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"],
      Condition: through("lambda"),
    },
    {
      // An alarm cannot publish to a topic whose key does not let CloudWatch in, nor a topic put into such a queue.
      Sid: "MessagesAreDelivered",
      Principal: { Service: ["cloudwatch.amazonaws.com", "sns.amazonaws.com"] },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Condition: { StringEquals: { "aws:SourceAccount": accountId } },
    },
    {
      // EventBridge tells a key no source when it publishes or sends, so a condition would shut it out
      // (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
      Sid: "EventsAreDelivered",
      Principal: { Service: "events.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    },
    {
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
      Sid: "LogsAreKept",
      Principal: { Service: pulumi.interpolate`logs.${region}.amazonaws.com` },
      Action: ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      Condition: {
        ArnLike: {
          "kms:EncryptionContext:aws:logs:arn": pulumi.interpolate`arn:${partition}:logs:${region}:${accountId}:log-group:*`,
        },
      },
    },
  ];
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ Effect: "Allow", Resource: "*", ...statement })),
  });
}
