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
  const options = { serialize: () => true, exportName: "handler", isFactoryFunction: true };
  const text = pulumi.runtime
    .serializeFunction(factory, options)
    .then((closure) => transform(closure.text, { minify: true, platform: "node", target: "node24" }))
    .then(({ code }) => code);
  return new pulumi.asset.AssetArchive({ "__index.js": new pulumi.asset.StringAsset(text) });
}
