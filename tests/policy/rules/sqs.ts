import type { Registered } from "../../support/program";
import {
  demand,
  hasCustomerKey,
  isCustomerKey,
  isOf,
  type Program,
  partOf,
  type Rule,
  refersTo,
  remove,
} from "../rule";
import { addStatement, isOpen, refusesPlainHttp } from "../statements";

const isQueue = isOf("aws:sqs/queue:Queue");
const POLICY = "aws:sqs/queuePolicy:QueuePolicy";

const policyOf = (queue: Registered, program: Program) => partOf(queue, program, POLICY, "queueUrl");

/** Whether somebody's failures end in a queue. */
const isDeadLetterQueue = (queue: Registered, { resources }: Program) =>
  resources.some(({ type, inputs }) =>
    [
      inputs.deadLetterConfig?.arn,
      inputs.deadLetterConfig?.targetArn,
      inputs.destinationConfig?.onFailure?.destination,
      type === "aws:sns/topicSubscription:TopicSubscription" && inputs.redrivePolicy
        ? (JSON.parse(inputs.redrivePolicy) as { deadLetterTargetArn: string }).deadLetterTargetArn
        : undefined,
    ].some((target) => refersTo(target, queue)),
  );

export const sqsRules: Rule[] = [
  {
    ids: ["AwsSolutions-SQS2", "CKV_AWS_27", "SQS.1"],
    says: "is encrypted",
    applies: isQueue,
    check: ({ inputs }) => demand(inputs.sqsManagedSseEnabled || inputs.kmsMasterKeyId, "is not encrypted"),
    violate({ inputs }) {
      delete inputs.sqsManagedSseEnabled;
      delete inputs.kmsMasterKeyId;
    },
  },
  {
    ids: ["W48"],
    says: "is encrypted with the customer key, where there is one",
    applies: (queue, program) => isQueue(queue) && hasCustomerKey(program),
    check: ({ inputs }, program) =>
      demand(isCustomerKey(inputs.kmsMasterKeyId, program), "is not encrypted with the customer key"),
    violate({ inputs }) {
      delete inputs.kmsMasterKeyId;
    },
  },
  {
    ids: ["AwsSolutions-SQS3", "SQSRedrivePolicy"],
    says: "is a dead-letter queue or has one",
    applies: isQueue,
    check: (queue, program) =>
      demand(queue.inputs.redrivePolicy ?? isDeadLetterQueue(queue, program), "loses what is not taken"),
    violate(queue) {
      queue.outputs.arn = "arn:aws:sqs:us-east-1:123456789012:of-nobody";
    },
  },
  {
    ids: ["AwsSolutions-SQS4"],
    says: "refuses plain HTTP",
    applies: isQueue,
    check(queue, program) {
      const policy = policyOf(queue, program);
      return demand(policy && refusesPlainHttp(policy, /^sqs:\*$/), "can be reached without TLS");
    },
    violate: (queue, program) => remove(program, policyOf(queue, program)),
  },
  {
    ids: ["F20", "F21", "SQS.3"],
    says: "allows nothing to everyone, and no action that is not named",
    applies: isOf(POLICY),
    check: (policy) => demand(!isOpen(policy), "lets everyone in, or do what it does not name"),
    violate: (policy) =>
      addStatement(policy, { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*" }),
  },
];
