import type { Registered } from "../../support/program";
import { demand, isOf, type Program, partOf, type Rule, refersTo } from "../rule";
import { closedPolicyRule, customerKeyRule, plainHttpRule } from "../sharedRules";

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
  customerKeyRule(["W48"], isQueue, "kmsMasterKeyId"),
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
  plainHttpRule(["AwsSolutions-SQS4"], isQueue, policyOf, /^sqs:\*$/),
  closedPolicyRule(["F20", "F21", "SQS.3"], POLICY, "sqs:SendMessage"),
];
