import type { Registered } from "../../support/program";
import { demand, isOf, type Program, partOf, type Rule } from "../rule";
import { closedPolicyRule, customerKeyRule, plainHttpRule } from "../sharedRules";

const isTopic = isOf("aws:sns/topic:Topic");
const POLICY = "aws:sns/topicPolicy:TopicPolicy";

const policyOf = (topic: Registered, program: Program) => partOf(topic, program, POLICY, "arn");

export const snsRules: Rule[] = [
  {
    ...plainHttpRule(["AwsSolutions-SNS3"], isTopic, policyOf, /^sns:Publish$/),
    says: "refuses to be published to over plain HTTP",
  },
  {
    ...customerKeyRule(["CKV_AWS_26", "SNSEncryptedKMS", "SNS.1", "W47"], isTopic, "kmsMasterKeyId"),
    says: "is encrypted with the customer key, where there is one: alarms cannot publish under AWS's own",
  },
  closedPolicyRule(["F18", "SNS.4"], POLICY, "sns:Publish"),
  {
    ids: ["SNSRedrivePolicy"],
    says: "keeps messages that a function or queue did not take",
    applies: (resource) =>
      isOf("aws:sns/topicSubscription:TopicSubscription")(resource) && resource.inputs.protocol !== "email",
    check: ({ inputs }) => demand(inputs.redrivePolicy, "loses what is not taken"),
    violate({ inputs }) {
      delete inputs.redrivePolicy;
    },
  },
];
