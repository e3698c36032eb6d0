import * as z from "zod";
import type { Engine } from "./engine";
import { failure } from "./failure";
import { outputsOf } from "./stackState";

const schema = z.object({
  version: z.literal(1),
  region: z.string(),
  bucket: z.string(),
  prefix: z.string(),
  /** The customer key that encrypts everything, where there is one. */
  keyArn: z.string().optional(),
  /** Where the functions run, if in a VPC. */
  vpcConfig: z.object({ subnetIds: z.array(z.string()), securityGroupIds: z.array(z.string()) }).optional(),
  logRetentionDays: z.number(),
  alertsTopicArn: z.string(),
  /** One's own processing of each clip, where there is one. */
  clipHook: z.string().optional(),
  /** Those of everything, such as `owner`. */
  tags: z.record(z.string(), z.string()).default({}),
  /** How phones sign in: `awsconfiguration.json` of the demo app, as text. */
  signIn: z.string().optional(),
});

/** What an event takes over from the environment that `pulumi up` made: the output `baseEnvironment` of its stack. */
export type BaseEnvironment = z.infer<typeof schema>;

/** The output's name, which `index.ts` exports. */
export const BASE_OUTPUT = "baseEnvironment";

/**
 * Reads the environment of a stack.
 * @throws a failure that says what to run where there is none, or one that an older version made
 */
export async function readBase(engine: Engine, stackName: string): Promise<BaseEnvironment> {
  const state = await engine.state(stackName);
  const mend = `run \`pulumi up --stack ${stackName}\` in the project's folder`;
  if (!state) {
    const others = (await engine.stackNames()).filter((name) => !name.startsWith("event-"));
    const known = others.length > 0 ? ` (there is ${others.join(", ")})` : "";
    throw failure(
      "usage",
      `[--base] names no stack ${stackName}${known}; ${mend}, or name another with --base`,
    );
  }
  const output = outputsOf(state)[BASE_OUTPUT];
  const parsed = schema.safeParse(output);
  if (parsed.success) return parsed.data;
  const version = (output as { version?: unknown } | undefined)?.version;
  if (typeof version === "number" && version > 1)
    throw failure("usage", `[--base] ${stackName} was made by a newer lastframe; use that version`);
  throw failure(
    "usage",
    `[--base] ${stackName} was made by an older lastframe, or never came to its end; ${mend}`,
  );
}
