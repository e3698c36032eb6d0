import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type DrainRequest, drain } from "../handlers/drain";
import { type ArchiveAddress, archiverEnvironment } from "./archiveAddress";
import { archiverStatements, makeArn } from "./policies";
import { type FunctionSettings, RecorderFunction } from "./recorderFunction";

export interface DrainArgs extends FunctionSettings {
  archive: ArchiveAddress;
  /** What records. It goes after the last drained stream, so that a stream which may not go is still recorded. */
  recorders: pulumi.Resource[];
}

/** A stream to be guarded; its fields go to the function as they are. */
export type GuardedStream = Pick<DrainRequest, "streamName" | "clipSeconds" | "retentionHours" | "abandons">;

/**
 * Keeps Pulumi from deleting footage that is not archived. Its function is called through `aws.lambda.Invocation`, whose
 * scope CRUD calls it when the invocation itself is made, changed and deleted; an invocation that fails ends the
 * operation. What it guards follows from the order in which the engine works
 * (https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/#creation-and-deletion-order): it makes and changes a resource
 * after those that it depends on, and deletes it before them.
 *
 * - A stream is removed or renamed, or the stack destroyed: the invocation depends on the stream, so it goes before it.
 * - A stream's key is switched: that replaces the stream, old one first. The stream's ARN among the triggers of
 *   the invocation has the engine replace that too, and what depends on a resource that is deleted before it is replaced
 *   is deleted before it.
 * - Retention is changed: the provider would replace the stream for that, and its media would go with it
 *   (`data_retention_in_hours` is `ForceNew` in the Terraform provider that Pulumi's is built on). So the stream itself
 *   ignores such a change, and the function makes it: after archiving what a shorter retention would delete.
 */
export class Drain extends pulumi.ComponentResource {
  /** For whoever wants a stream drained ahead of its deletion. */
  readonly functionName: pulumi.Output<string>;
  readonly functions: RecorderFunction[];

  constructor(name: string, args: DrainArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Drain", name, {}, opts);
    const { archive, recorders, ...common } = args;
    const { stack } = common;
    const child = { parent: this };

    const arn = makeArn(child);
    const drainer = new RecorderFunction(
      name,
      {
        handlerFactory: drain,
        statements: [
          ...archiverStatements({ archive, stack, arn, folders: ["sweeps"] }),
          {
            Effect: "Allow",
            Action: [
              "kinesisvideo:TagStream",
              "kinesisvideo:UntagStream",
              "kinesisvideo:UpdateDataRetention",
            ],
            Resource: arn("kinesisvideo", "stream/*/*"),
            Condition: {
              StringEquals: { "aws:ResourceTag/stack": stack },
              // Of a call without tags it is true.
              "ForAllValues:StringEquals": { "aws:TagKeys": ["closed"] },
            },
          },
        ],
        environment: archiverEnvironment(archive, common),
        timeoutSeconds: 900,
        // As ArchiveClip: the media of one plan, and room to work.
        memoryMb: 512,
        dependsOn: recorders,
        ...common,
      },
      child,
    );
    this.functionName = drainer.functionName;
    this.functions = [drainer];
    this.registerOutputs({});
  }

  /** Depends on the stream, by its ARN. */
  guard(
    name: string,
    { streamArn, ...stream }: GuardedStream & { streamArn: pulumi.Output<string> },
    opts: pulumi.CustomResourceOptions,
  ): aws.lambda.Invocation {
    return new aws.lambda.Invocation(
      name,
      {
        functionName: this.functionName,
        lifecycleScope: "CRUD",
        // The provider adds what happens to the invocation, under this key of its own.
        terraformKey: "tf",
        input: JSON.stringify(stream),
        triggers: { streamArn },
      },
      opts,
    );
  }
}
