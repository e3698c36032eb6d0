import type { Runtime } from "@aws-sdk/client-lambda";
import type * as aws from "@pulumi/aws";
import { strToU8, zipSync } from "fflate";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

/** A function's archive as its host hands it over: file names and their text. */
export type CodeFiles = Record<string, string>;

const lambdaFunction: ResourceType<Plain<aws.lambda.FunctionArgs> & { code: CodeFiles }> = {
  nameInput: "name",
  async create(inputs, { lambda }) {
    const files = Object.entries(inputs.code).map(([name, text]) => [name, strToU8(text)]);
    const created = await lambda.createFunction({
      FunctionName: inputs.name,
      Description: inputs.description,
      Role: inputs.role as string,
      Handler: inputs.handler,
      Runtime: inputs.runtime as Runtime,
      Code: { ZipFile: zipSync(Object.fromEntries(files)) },
      Timeout: inputs.timeout,
      MemorySize: inputs.memorySize,
      Environment: { Variables: inputs.environment?.variables },
      LoggingConfig: inputs.loggingConfig && {
        LogFormat: inputs.loggingConfig.logFormat as "Text" | "JSON",
        LogGroup: inputs.loggingConfig.logGroup,
      },
      Tags: inputs.tags,
    });
    // The code is large and of no use to other resources.
    const { code: _, ...properties } = inputs;
    return { id: created.FunctionName ?? "", outputs: { ...properties, arn: created.FunctionArn } };
  },
  async delete(FunctionName, _outputs, { lambda }) {
    await lambda.deleteFunction({ FunctionName });
  },
};

const permission: ResourceType<Plain<aws.lambda.PermissionArgs>> = {
  nameInput: "statementId",
  async create(inputs, { lambda }) {
    const StatementId = inputs.statementId;
    await lambda.addPermission({
      FunctionName: inputs.function as string,
      StatementId,
      Action: inputs.action,
      Principal: inputs.principal,
      SourceArn: inputs.sourceArn,
      SourceAccount: inputs.sourceAccount,
    });
    return { id: StatementId ?? "", outputs: { ...inputs } };
  },
  async delete(StatementId, outputs, { lambda }) {
    await lambda.removePermission({ FunctionName: outputs.function as string, StatementId });
  },
};

export const lambdaResources: ResourceTypes = {
  "aws:lambda/function:Function": lambdaFunction,
  "aws:lambda/permission:Permission": permission,
};
