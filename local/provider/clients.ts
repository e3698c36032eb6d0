import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { IAM } from "@aws-sdk/client-iam";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KMS } from "@aws-sdk/client-kms";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";

/** Where the services answer, for the constructor of any AWS SDK client. */
export interface ClientConfig {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** The AWS SDK's clients that resources are made with. */
export type Clients = ReturnType<typeof makeClients>;

/** Makes a client of every service that the table of resource types needs. */
export function makeClients(config: ClientConfig) {
  return {
    region: config.region,
    cloudWatch: new CloudWatch(config),
    cognitoIdentityPools: new CognitoIdentity(config),
    cognitoUserPools: new CognitoIdentityProvider(config),
    eventBridge: new EventBridge(config),
    iam: new IAM(config),
    kinesisVideo: new KinesisVideo(config),
    kms: new KMS(config),
    lambda: new Lambda(config),
    logs: new CloudWatchLogs(config),
    s3: new S3(config),
    sns: new SNS(config),
    sqs: new SQS(config),
    stepFunctions: new SFN(config),
    sts: new STS(config),
  };
}
