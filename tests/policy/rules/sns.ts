import type { Registered } from "../../support/program";
import {
  demand,
  hasCustomerKey,
  isCustomerKey,
  isOf,
  type Program,
  partOf,
  type Rule,
  remove,
} from "../rule";
import { addStatement, isOpen, refusesPlainHttp } from "../statements";

const isTopic = isOf("aws:sns/topic:Topic");
const POLICY = "aws:sns/topicPolicy:TopicPolicy";

const policyOf = (topic: Registered, program: Program) => partOf(topic, program, POLICY, "arn");

export const snsRules: Rule[] = [
  {
    ids: ["AwsSolutions-SNS3"],
    says: "refuses to be published to over plain HTTP",
    applies: isTopic,
    check(topic, program) {
      const policy = policyOf(topic, program);
      return demand(policy && refusesPlainHttp(policy, /^sns:Publish$/), "can be published to without TLS");
    },
    violate: (topic, program) => remove(program, policyOf(topic, program)),
  },
  {
    ids: ["CKV_AWS_26", "SNSEncryptedKMS", "SNS.1", "W47"],
    says: "is encrypted with the customer key, where there is one: alarms cannot publish under AWS's own",
    applies: (topic, program) => isTopic(topic) && hasCustomerKey(program),
    check: ({ inputs }, program) =>
      demand(isCustomerKey(inputs.kmsMasterKeyId, program), "is not encrypted with the customer key"),
    violate({ inputs }) {
      delete inputs.kmsMasterKeyId;
    },
  },
  {
    ids: ["F18", "SNS.4"],
    says: "allows nothing to everyone, and no action that is not named",
    applies: isOf(POLICY),
    check: (policy) => demand(!isOpen(policy), "lets everyone in, or do what it does not name"),
    violate: (policy) =>
      addStatement(policy, { Effect: "Allow", Principal: "*", Action: "sns:Publish", Resource: "*" }),
  },
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
