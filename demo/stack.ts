import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import type { Cloud } from "../local/cloud";
import { deploy } from "../local/provider/inProcess";

const root = path.join(__dirname, "..");

/** What the demo needs of the deployed stack's outputs. */
export interface DemoStack {
  name: string;
  resourceCount: number;
  bucket: string;
  workflow: string;
  streams: { name: string; alarm: string }[];
}

/** Deploys `index.ts` with the configuration of `Pulumi.dev.yaml` into a local cloud: the program as it is, unchanged. */
export async function deployDevStack(cloud: Cloud): Promise<DemoStack> {
  const project = readYaml("Pulumi.yaml").name as string;
  const config = (readYaml("Pulumi.dev.yaml").config ?? {}) as Record<string, unknown>;
  const entries = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  let resourceCount = 0;
  const outputs = await deploy({
    project,
    stack: "dev",
    config: Object.fromEntries(entries),
    program: () => import("../index"),
    target: cloud.clientConfig,
    onResource: () => {
      resourceCount += 1;
    },
  });
  return { ...(outputs as unknown as DemoStack), name: `${project}/dev`, resourceCount };
}

/** @throws when the file is not YAML: one line that names it, and where it goes wrong */
function readYaml(file: string): Record<string, unknown> {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  try {
    return parse(text) ?? {};
  } catch (error) {
    // What follows the first line draws the place.
    const [what = ""] = (error as Error).message.split(":\n");
    throw new Error(`${file} is not YAML: ${what}`, { cause: error });
  }
}
