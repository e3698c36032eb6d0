import type { CallAs, InvokeTarget } from "./core/seams";
import type { Call, CloudDeps, Operations } from "./core/service";
import type { EventBridge } from "./eventBridge";

/** The services that others reach by the ARN of a resource. */
export interface TargetServices {
  callAs: CallAs;
  eventBridge: Pick<EventBridge, "forwardEvent">;
  lambda: { operations: Operations };
  sns: { operations: Operations };
  sqs: { operations: Operations };
  stepFunctions: { operations: Operations };
}

/**
 * How rules, alarms, topics and dead letters reach their targets, told apart by the service in their ARN. Each call is
 * made as the target's role, or as the service itself where the target's own policy decides.
 */
export function makeInvokeTarget(
  { endpointUrl, accountId }: Pick<CloudDeps, "endpointUrl" | "accountId">,
  { callAs, eventBridge, lambda, sns, sqs, stepFunctions }: TargetServices,
): InvokeTarget {
  return async ({ arn, roleArn, servicePrincipal, sourceArn, payload, subject, messageAttributes = {} }) => {
    const service = { servicePrincipal, sourceArn };
    const sessionName = servicePrincipal.split(".")[0] ?? "service";
    const call = callAs(roleArn ? { roleArn, sessionName, ...service } : service);
    const attributes = Object.entries(messageAttributes).map(([name, value]) => [
      name,
      typeof value === "string" ? { DataType: "String", StringValue: value } : value,
    ]);
    const MessageAttributes = Object.fromEntries(attributes) as object;
    const targetService = arn.split(":")[2];
    if (targetService === "states") {
      const start = { stateMachineArn: arn, input: payload };
      await perform(stepFunctions.operations, "StartExecution", start, call);
    } else if (targetService === "lambda") {
      const event = { FunctionName: arn, InvocationType: "Event", Payload: Buffer.from(payload) };
      await perform(lambda.operations, "Invoke", event, call);
    } else if (targetService === "sqs") {
      const QueueUrl = `${endpointUrl()}/${accountId}/${arn.split(":").at(-1)}`;
      await perform(
        sqs.operations,
        "SendMessage",
        { QueueUrl, MessageBody: payload, MessageAttributes },
        call,
      );
    } else if (targetService === "sns") {
      const message = { TopicArn: arn, Message: payload, Subject: subject, MessageAttributes };
      await perform(sns.operations, "Publish", message, call);
    } else if (targetService === "events") {
      await eventBridge.forwardEvent(arn, payload, call);
    } else {
      throw new Error(
        `${arn} cannot be reached here; name a state machine, a function, a queue, a topic or an event bus`,
      );
    }
  };
}

function perform(operations: Operations, name: string, input: object, call: Call) {
  const operation = operations[name];
  if (!operation) throw new Error(`there is no operation ${name}`);
  return operation(input as never, call);
}
