import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { transform } from "esbuild";

/** Where Lambda finds the handler in the archive. */
export const HANDLER = "__index.handler";

/**
 * A function's archive: exactly `__index.js`, the closure of its factory as Pulumi serializes it
 * (https://www.pulumi.com/docs/iac/concepts/functions/function-serialization/), which the sandbox calls once. Pulumi
 * wraps every captured function and keeps all indentation; esbuild takes out what that adds.
 */
export function functionCode(factory: () => unknown): pulumi.asset.AssetArchive {
  const text = texts.get(factory) ?? serialize(factory);
  texts.set(factory, text);
  return new pulumi.asset.AssetArchive({ "__index.js": new pulumi.asset.StringAsset(text) });
}

/** Serializing takes a second, and one process may deploy the same functions for several stacks. */
const texts = new WeakMap<() => unknown, Promise<string>>();

/** Where functions lie that were serialized when the package was made; there are none in the project itself. */
export const PACKED_FUNCTIONS = path.join(__dirname, "..", "functions");

/** The text of a function, out of its factory. */
export async function serialize(factory: () => unknown): Promise<string> {
  const packed = path.join(PACKED_FUNCTIONS, `${factory.name}.js`);
  if (fs.existsSync(packed)) return fs.readFileSync(packed, "utf8");
  const options = { serialize: () => true, exportName: "handler", isFactoryFunction: true };
  const { text } = await pulumi.runtime.serializeFunction(factory, options);
  const { code } = await transform(text, { minify: true, platform: "node", target: "node24" });
  return code;
}
