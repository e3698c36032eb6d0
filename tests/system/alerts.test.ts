import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import type { Cloud } from "../../local/cloud";
import { footage } from "../support/footage";
import { deployRecording, type RecordingStack } from "../support/recording";

/** A message that the alerts topic sent: an alarm's, or an event's. */
interface Alert {
  AlarmName?: string;
  NewStateValue?: string;
  alert?: string;
  detail?: { error?: string };
}

/** What encrypts the topic and all else: the setting, where it is one. */
const ENCRYPTIONS: Record<string, (cloud: Cloud) => Promise<object>> = {
  "keys of AWS": async () => ({}),
  "a new customer key": async () => ({ encryption: "new-key" }),
  "an existing customer key": async (cloud) => ({ encryption: await makeKey(cloud) }),
};

for (const [what, prepare] of Object.entries(ENCRYPTIONS))
  describe(`alerts, under ${what},`, function () {
    this.timeout(300_000);
    let stack: RecordingStack;
    let receive: () => Promise<Alert[]>;
    before(async () => {
      const streams = [{ name: "gate", alarmThreshold: 2, clipSeconds: 10 }];
      stack = await deployRecording({ streams, reconcileMinutes: 5 }, { speed: 60, prepare });
      receive = await subscribe(stack);
    });
    after(() => stack?.close());

    it("say what archiving met, and why", async () => {
      await forbidArchiving(stack);
      await stack.film("gate", footage("clock.mkv"));

      const alert = await until(({ alert }) => alert !== undefined);

      expect(alert.alert).to.equal("Archiving Failed on stream gate of lastframe/test");
      expect(alert.detail?.error).to.equal("AccessDeniedException");
    });

    it("say that an alarm rings", async () => {
      const AlarmName = "lastframe/test-failed/recorder-workflow";
      const ring = { AlarmName, StateValue: "ALARM", StateReason: "for the test" } as const;
      await new CloudWatch(stack.cloud.clientConfig).setAlarmState(ring);

      const alert = await until(({ NewStateValue }) => NewStateValue !== undefined);

      expect([alert.AlarmName, alert.NewStateValue]).to.deep.equal([AlarmName, "ALARM"]);
    });

    async function until(isIt: (alert: Alert) => boolean): Promise<Alert> {
      for (;;) {
        const found = (await receive()).find(isIt);
        if (found) return found;
      }
    }
  });

/** A key of one's own, whose policy lets in the services that publish and deliver, and roles by their own policies. */
async function makeKey({ clientConfig, accountId, region }: Cloud): Promise<string> {
  const services = ["cloudwatch", "events", "sns", `logs.${region}`].map((name) => `${name}.amazonaws.com`);
  const allow = (Principal: object, Action: string | string[]) => ({
    Effect: "Allow",
    Principal,
    Action,
    Resource: "*",
  });
  const Statement = [
    allow({ AWS: `arn:aws:iam::${accountId}:root` }, "kms:*"),
    allow({ Service: services }, [
      "kms:Encrypt*",
      "kms:Decrypt*",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:Describe*",
    ]),
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const { KeyMetadata } = await new KMS(clientConfig).createKey({ Policy });
  return KeyMetadata?.Arn ?? "";
}

/** Subscribes a queue to the alerts topic; answers a way to fetch what came. */
async function subscribe({ cloud }: RecordingStack): Promise<() => Promise<Alert[]>> {
  const [sns, sqs] = [new SNS(cloud.clientConfig), new SQS(cloud.clientConfig)];
  const { Topics = [] } = await sns.listTopics({});
  const TopicArn = Topics.find((topic) => topic.TopicArn?.includes(":alerts-"))?.TopicArn;
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "alerts" });
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
  const Endpoint = Attributes?.QueueArn;
  const admit = {
    Effect: "Allow",
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: Endpoint,
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [admit] });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
  await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint, Attributes: { RawMessageDelivery: "true" } });
  return async () => {
    const { Messages = [] } = await sqs.receiveMessage({
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 20,
    });
    for (const { ReceiptHandle } of Messages) await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
    return Messages.map(({ Body = "" }) => JSON.parse(Body) as Alert);
  };
}

/** Takes away what Reconcile's function needs to fetch media. */
async function forbidArchiving({ cloud }: RecordingStack): Promise<void> {
  const iam = new IAM(cloud.clientConfig);
  const { Roles = [] } = await iam.listRoles({});
  const deny = {
    Effect: "Deny",
    Action: ["kinesisvideo:GetClip", "kinesisvideo:GetMediaForFragmentList"],
    Resource: "*",
  };
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [deny] });
  for (const { RoleName = "" } of Roles.filter(({ RoleName }) =>
    /^(recorder-archive|reconciler-stream)/.test(RoleName ?? ""),
  ))
    await iam.putRolePolicy({ RoleName, PolicyName: "no-media", PolicyDocument });
}
