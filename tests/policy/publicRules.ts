/**
 * The rules of public sets that look at types of resources that are made here, or might be: those of cdk-nag's
 * AwsSolutions (https://github.com/cdklabs/cdk-nag/blob/main/RULES.md) and what its Serverless and NIST packs add,
 * checkov (https://www.checkov.io/5.Policy%20Index/cloudformation.html), cfn_nag
 * (https://github.com/stelligent/cfn_nag), and AWS Foundational Security Best Practices with the NIST standard of
 * Security Hub (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html).
 */
export const publicRules: Record<string, string[]> = {
  "cdk-nag AwsSolutions": numbered("AwsSolutions-", [
    ...["CFR1", "CFR2", "CFR3", "CFR4", "CFR5", "CFR7"],
    ...["COG1", "COG2", "COG7", "COG8", "EC23", "EVB1", "IAM4", "IAM5", "KMS5", "L1"],
    ...["S1", "S2", "S10", "SF1", "SF2", "SNS3", "SQS2", "SQS3", "SQS4"],
  ]),
  "cdk-nag Serverless": [
    "CloudWatchLogGroupRetentionPeriod",
    "EventBusDLQ",
    "LambdaAsyncFailureDestination",
    "LambdaDLQ",
    "LambdaDefaultMemorySize",
    "LambdaDefaultTimeout",
    "LambdaStarPermissions",
    "LambdaTracing",
    "SNSRedrivePolicy",
    "SQSRedrivePolicy",
  ],
  "cdk-nag NIST and HIPAA": [
    "CloudWatchAlarmAction",
    "CloudWatchLogGroupEncrypted",
    "IAMNoInlinePolicy",
    "LambdaInsideVPC",
    "S3BucketDefaultLockEnabled",
    "S3BucketReplicationEnabled",
    "S3DefaultEncryptionKMS",
    "SNSEncryptedKMS",
  ],
  checkov: [
    ...numbered("CKV_AWS_", [7, 18, 19, 20, 21, 26, 27, 33, 45, 53, 54, 55, 56, 57, 66, 115, 116, 117]),
    ...numbered("CKV_AWS_", [144, 158, 173, 177, 258, 272, 284, 285, 300, 319, 363, 364, 366]),
    "CKV2_AWS_61",
  ],
  cfn_nag: [
    ...numbered("F", [2, 3, 4, 5, 9, 13, 14, 15, 16, 18, 19, 20, 21, 38, 39, 40, 76, 78]),
    ...numbered("W", [11, 12, 13, 35, 41, 47, 48, 57, 58, 84, 86, 89, 92]),
  ],
  "Security Hub": [
    ...numbered("CloudWatch.", [15, 16, 17]),
    ...numbered("Cognito.", [1, 2]),
    ...numbered("EventBridge.", [3]),
    ...numbered("IAM.", [1, 21]),
    ...numbered("KMS.", [4]),
    ...numbered("Lambda.", [1, 2, 3, 5, 7]),
    ...numbered("S3.", [1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 20, 22, 23]),
    ...numbered("SNS.", [1, 4]),
    ...numbered("SQS.", [1, 3]),
    ...numbered("StepFunctions.", [1]),
  ],
};

function numbered(prefix: string, numbers: (string | number)[]): string[] {
  return numbers.map((number) => `${prefix}${number}`);
}
