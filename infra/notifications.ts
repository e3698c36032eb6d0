import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type SetNotificationRequest, setNotification } from "../handlers/setNotification";
import { startOnNotification } from "../handlers/startOnNotification";
import { type ArchiveAddress, archiveEnvironment, archiveStatements } from "./archiveAddress";
import { DeadLetterQueue } from "./deadLetterQueue";
import { makeArn } from "./policies";
import { type FunctionSettings, RecorderFunction } from "./recorderFunction";

export interface NotificationsArgs extends FunctionSettings {
  archive: ArchiveAddress;
  /** The Recorder's workflow, which is started for a stream that notifies and is not recorded. */
  workflowArn: pulumi.Input<string>;
}

/**
 * Recording within seconds: the topic that streams notify of tagged fragments, the function that starts the Recorder, and
 * the one that sets a stream's notifications up. `docs/producers.md` says what a producer does for it.
 */
export class Notifications extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  readonly functions: RecorderFunction[];
  readonly deadLetters: DeadLetterQueue;
  private readonly setUp: RecorderFunction;

  constructor(name: string, args: NotificationsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Notifications", name, {}, opts);
    const { archive, workflowArn, ...common } = args;
    const { stack, keyArn, tags } = common;
    const child = { parent: this };

    const arn = makeArn(child);
    const topic = new aws.sns.Topic(name, { kmsMasterKeyId: keyArn, tags }, child);
    const topicPolicy = createTopicPolicy();
    const deadLetters = new DeadLetterQueue(
      `${name}-dead-letters`,
      { ...common, service: "sns.amazonaws.com", sourceArns: [topic.arn] },
      child,
    );
    const starter = createStarter();
    const setUp = createSetUp();

    this.topicArn = pulumi.all([topic.arn, topicPolicy.id]).apply(([topicArn]) => topicArn);
    this.deadLetters = deadLetters;
    this.setUp = setUp;
    this.functions = [starter, setUp];
    this.registerOutputs({ topicArn: this.topicArn });

    /** PutMedia publishes with the right of whoever calls it, who needs leave of their own policy. */
    function createTopicPolicy() {
      const tlsOnly = {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "sns:Publish",
        Resource: topic.arn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      };
      const policy = pulumi.jsonStringify({ Version: "2012-10-17", Statement: [tlsOnly] });
      return new aws.sns.TopicPolicy(name, { arn: topic.arn, policy }, child);
    }

    function createStarter() {
      const alarms = arn("cloudwatch", `alarm:${stack}/`);
      const starts = new RecorderFunction(
        `${name}-start`,
        {
          ...common,
          handlerFactory: startOnNotification,
          statements: [
            {
              Effect: "Allow",
              Action: "cloudwatch:ListTagsForResource",
              Resource: pulumi.interpolate`${alarms}*`,
            },
            { Effect: "Allow", Action: "states:StartExecution", Resource: workflowArn },
            ...archiveStatements(archive, ["claims"], ["s3:GetObject", "s3:PutObject"]),
          ],
          environment: {
            ...archiveEnvironment(archive),
            WORKFLOW_ARN: workflowArn,
            ALARM_ARN_PREFIX: alarms,
          },
          timeoutSeconds: 30,
          memoryMb: 256,
          deadLetters,
        },
        child,
      );
      const mayCall = new aws.lambda.Permission(
        name,
        {
          action: "lambda:InvokeFunction",
          function: starts.arn,
          principal: "sns.amazonaws.com",
          sourceArn: topic.arn,
        },
        child,
      );
      new aws.sns.TopicSubscription(
        name,
        {
          topic: topic.arn,
          protocol: "lambda",
          endpoint: starts.arn,
          redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn }),
        },
        { ...child, dependsOn: mayCall },
      );
      return starts;
    }

    function createSetUp() {
      return new RecorderFunction(
        `${name}-set-up`,
        {
          ...common,
          handlerFactory: setNotification,
          statements: [
            {
              Effect: "Allow",
              Action: "kinesisvideo:UpdateNotificationConfiguration",
              Resource: arn("kinesisvideo", "stream/*/*"),
              Condition: { StringEquals: { "aws:ResourceTag/stack": stack } },
            },
          ],
          timeoutSeconds: 120,
          memoryMb: 256,
        },
        child,
      );
    }
  }

  /** Has a stream notify the topic, as long as the answered resource is there. */
  notify(
    name: string,
    streamArn: pulumi.Output<string>,
    opts: pulumi.CustomResourceOptions,
  ): aws.lambda.Invocation {
    const request: { [Key in keyof Omit<SetNotificationRequest, "tf">]: pulumi.Input<string> } = {
      streamArn,
      topicArn: this.topicArn,
    };
    return new aws.lambda.Invocation(
      `${name}/notification`,
      {
        functionName: this.setUp.functionName,
        lifecycleScope: "CRUD",
        terraformKey: "tf",
        input: pulumi.jsonStringify(request),
        // A stream that is made anew is set up anew.
        triggers: { streamArn },
      },
      opts,
    );
  }
}
