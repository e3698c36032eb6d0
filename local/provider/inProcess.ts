import * as pulumi from "@pulumi/pulumi";
import { type ClientConfig, makeClients } from "./clients";
import { check, create } from "./lifecycle";
import type { Properties } from "./resourceType";
import { invokes } from "./table";

/** A program to deploy, and the stack to deploy it as. */
export interface Deployment {
  project: string;
  stack: string;
  /** The stack's configuration by full key; lists and objects as JSON text. */
  config: Record<string, string>;
  /** Runs the program and answers what it exports. Called once Pulumi is set up. */
  program(): Promise<Record<string, unknown>>;
  /** Where the services answer. */
  target: ClientConfig;
  /** Told of every resource when it is there. */
  onResource?(resource: { type: string; name: string; id: string }): void;
}

/**
 * Deploys a Pulumi program into the local cloud without Pulumi's engine: the SDK's mocks make each resource for real, by
 * the table of resource types. It only creates; there is no state, so a stack is deployed once into one data folder.
 * @returns the program's outputs, resolved
 * @throws the program's own error, or the first resource's, naming it
 */
export async function deploy(deployment: Deployment): Promise<Record<string, unknown>> {
  const { project, stack, config, program, target, onResource } = deployment;
  const clients = makeClients(target);
  let fail: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });

  /** The SDK has no way to hear that a mock failed: the deployment is rejected here, and the resource never resolves. */
  async function orFail<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      fail(new Error(`${what} could not be made: ${(error as Error).message}`, { cause: error }));
      return new Promise<T>(() => undefined);
    }
  }

  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, custom }) =>
        orFail(`${type} ${name}`, async () => {
          if (!custom) return { id: undefined, state: inputs };
          const checked = check(type, name, (await plain(inputs)) as Properties);
          const { id, properties } = await create(type, checked, clients);
          onResource?.({ type, name, id });
          return { id, state: properties };
        }),
      call: ({ token, inputs }) =>
        orFail(token, async () => {
          const invoke = invokes[token];
          if (!invoke) throw new Error("the local cloud does not know this function");
          return invoke(clients, (await plain(inputs)) as Properties);
        }),
    },
    project,
    stack,
    false,
  );

  async function run(): Promise<Record<string, unknown>> {
    const outputs = await program();
    await pulumi.runtime.disconnect();
    return new Promise((resolve) => pulumi.output(outputs).apply(resolve));
  }

  return Promise.race([failure, run()]);
}

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Property values as plain data: secrets opened, archives as the text of their files. */
async function plain(value: unknown): Promise<unknown> {
  const settled = await value;
  if (pulumi.asset.AssetArchive.isInstance(settled))
    return { archiveHash: "", files: await texts(settled as pulumi.asset.AssetArchive) };
  if (Array.isArray(settled)) return Promise.all((settled as unknown[]).map(plain));
  if (settled === null || typeof settled !== "object") return settled;
  const object = settled as Record<string, unknown>;
  if (object[SIGNATURE_KEY] === SECRET_SIGNATURE) return plain(object.value);
  const members = Object.entries(object).map(async ([key, member]) => [key, await plain(member)]);
  return Object.fromEntries(await Promise.all(members));
}

async function texts(archive: pulumi.asset.AssetArchive): Promise<Record<string, string>> {
  const files = Object.entries(await archive.assets).map(async ([name, asset]) => {
    const text = await (asset as pulumi.asset.StringAsset).text;
    if (text === undefined)
      throw new Error(`the archive's ${name} is no text; the local cloud takes text only`);
    return [name, text];
  });
  return Object.fromEntries(await Promise.all(files));
}
