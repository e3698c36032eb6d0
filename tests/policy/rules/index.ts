import type { Rule } from "../rule";
import { cloudWatchRules } from "./cloudWatch";
import { cognitoRules } from "./cognito";
import { eventBridgeRules } from "./eventBridge";
import { iamRules } from "./iam";
import { kinesisVideoRules } from "./kinesisVideo";
import { kmsRules } from "./kms";
import { lambdaRules } from "./lambda";
import { networkRules } from "./network";
import { s3Rules } from "./s3";
import { snsRules } from "./sns";
import { sqsRules } from "./sqs";
import { stepFunctionsRules } from "./stepFunctions";

/** Every rule that the program's resources obey. */
export const rules: Rule[] = [
  ...cloudWatchRules,
  ...cognitoRules,
  ...eventBridgeRules,
  ...iamRules,
  ...kinesisVideoRules,
  ...kmsRules,
  ...lambdaRules,
  ...networkRules,
  ...s3Rules,
  ...snsRules,
  ...sqsRules,
  ...stepFunctionsRules,
];
