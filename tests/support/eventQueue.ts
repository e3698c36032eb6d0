import { EventBridge } from "@aws-sdk/client-eventbridge";
import { SQS } from "@aws-sdk/client-sqs";
import type { Cloud } from "../../local/cloud";

/** An event of an archive, as subscribers get it. */
export interface ArchiveEventOnBus {
  "detail-type": string;
  detail: { version: number; stack: string; stream: string; key?: string; sha256?: string; keys?: string[] };
}

/** Has a source's events on a bus kept in a queue from now on; answers a way to fetch all that came. */
export async function collectEvents(cloud: Cloud, source: string, EventBusName = "default") {
  const sqs = new SQS(cloud.clientConfig);
  const eventBridge = new EventBridge(cloud.clientConfig);
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: `events-${EventBusName}` });
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
  const Arn = Attributes?.QueueArn ?? "";
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: Arn,
      },
    ],
  });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
  const EventPattern = JSON.stringify({ source: [source] });
  await eventBridge.putRule({ Name: "collect", EventBusName, EventPattern });
  await eventBridge.putTargets({ Rule: "collect", EventBusName, Targets: [{ Id: "queue", Arn }] });
  return async () => {
    const bodies: ArchiveEventOnBus[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      if (Messages.length === 0) return bodies;
      bodies.push(...Messages.map(({ Body = "" }) => JSON.parse(Body) as ArchiveEventOnBus));
    }
  };
}
