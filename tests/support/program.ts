import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registered it. */
export interface Registered {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of any of the provider's types, as plain data.
  inputs: Record<string, any>;
}

/** What the program made, and what it exports. */
export interface DeployedProgram {
  resources: Registered[];
  /** The one resource of a type, or the one of that type and name. */
  resource(type: string, name?: string): Registered;
  outputs: Record<string, unknown>;
}

/** Runs `index.ts` under Pulumi's mocks and waits for every registration. */
export async function runProgram(
  config: Record<string, string>,
  { project = "lastframe", stack = "test" } = {},
): Promise<DeployedProgram> {
  const resources: Registered[] = [];
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) => {
        resources.push({ type, name, inputs });
        const physical = inputs.name ?? inputs.bucket ?? `${name}-1234567`;
        const state = {
          ...inputs,
          name: physical,
          bucket: physical,
          url: `https://queue/${physical}`,
          arn: `arn:aws:mock:us-east-1:123456789012:${physical}`,
        };
        return { id: custom ? `${name}-id` : undefined, state };
      },
      call: ({ token }) =>
        ({
          "aws:index/getCallerIdentity:getCallerIdentity": { accountId: "123456789012" },
          "aws:index/getRegion:getRegion": { region: "us-east-1" },
          "aws:index/getPartition:getPartition": { partition: "aws" },
        })[token] ?? {},
    },
    project,
    stack,
    false,
  );
  const index = require.resolve("../../index");
  delete require.cache[index];
  const exported = (await import("../../index")) as Record<string, unknown>;
  await pulumi.runtime.disconnect();
  const outputs = await new Promise<Record<string, unknown>>((resolve) => {
    pulumi.output({ ...exported }).apply(resolve);
  });
  const resource = (type: string, name?: string) => {
    const found = resources.filter((one) => one.type === type && (name === undefined || one.name === name));
    if (found.length !== 1 || !found[0])
      throw new Error(`${found.length} resources of ${type} ${name ?? ""}`);
    return found[0];
  };
  return { resources, resource, outputs };
}

/** The configuration of two cameras, with other keys as given. */
export function twoCameras(more: Record<string, string> = {}): Record<string, string> {
  return {
    "lastframe:streams": JSON.stringify([{ name: "gate" }, { name: "podium", clipSeconds: 60 }]),
    ...more,
  };
}
