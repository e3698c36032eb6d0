import type { CallAs, InvokeTarget } from "./core/seams";
import type { Call, CloudDeps, Operations } from "./core/service";

/** The services that rules can reach. */
export interface TargetServices {
  callAs: CallAs;
  lambda: { operations: Operations };
  sqs: { operations: Operations };
  stepFunctions: { operations: Operations };
}

/**
 * How EventBridge reaches the targets of its rules, told apart by the service in their ARN. Each call is made as the
 * target's role, or as EventBridge itself where the target's own policy decides.
 */
export function makeInvokeTarget(
  { endpointUrl, accountId }: Pick<CloudDeps, "endpointUrl" | "accountId">,
  { callAs, lambda, sqs, stepFunctions }: TargetServices,
): InvokeTarget {
  return async ({ arn, roleArn, servicePrincipal, sourceArn, payload, messageAttributes = {} }) => {
    const service = { servicePrincipal, sourceArn };
    const call = callAs(roleArn ? { roleArn, sessionName: "EventBridge", ...service } : service);
    const targetService = arn.split(":")[2];
    if (targetService === "states") {
      await perform(
        stepFunctions.operations,
        "StartExecution",
        { stateMachineArn: arn, input: payload },
        call,
      );
    } else if (targetService === "lambda") {
      const event = { FunctionName: arn, InvocationType: "Event", Payload: Buffer.from(payload) };
      await perform(lambda.operations, "Invoke", event, call);
    } else if (targetService === "sqs") {
      const QueueUrl = `${endpointUrl()}/${accountId}/${arn.split(":").at(-1)}`;
      const attributes = Object.entries(messageAttributes).map(([name, StringValue]) => [
        name,
        { DataType: "String", StringValue },
      ]);
      const message = { QueueUrl, MessageBody: payload, MessageAttributes: Object.fromEntries(attributes) };
      await perform(sqs.operations, "SendMessage", message, call);
    } else {
      throw new Error(`rules cannot reach ${arn} here; name a state machine, a function or a queue`);
    }
  };
}

function perform(operations: Operations, name: string, input: object, call: Call) {
  const operation = operations[name];
  if (!operation) throw new Error(`there is no operation ${name}`);
  return operation(input as never, call);
}
