import type { ClientConfig } from "./clients";
import type { Properties } from "./resourceType";

const CREDENTIALS = ["accessKey", "secretKey", "token"];

/**
 * Where the services answer and as whom to call them, from the provider's configuration (`aws:region`, …) and the
 * environment that AWS's own tools read: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and so on (AWS SDKs and Tools
 * Reference Guide, "Service-specific endpoints").
 * @throws when no endpoint is named: this provider must never be taken for the vendor's; or on a setting not served
 */
export function clientConfigOf(config: Properties, env: NodeJS.ProcessEnv): ClientConfig {
  const endpoint = env.AWS_ENDPOINT_URL;
  if (!endpoint) {
    throw new Error(
      "this pulumi-resource-aws serves the local cloud only: set AWS_ENDPOINT_URL to it, or take its folder off the PATH to deploy to AWS",
    );
  }
  const served = ["region", ...CREDENTIALS];
  // What is skipped is not done here; the version says which of the vendor's plugins is wanted.
  const strange = Object.keys(config).find((key) => !served.includes(key) && !/^(skip|version$)/.test(key));
  if (strange) {
    throw new Error(
      `the local cloud does not know the setting aws:${strange}; it knows ${served.join(", ")}`,
    );
  }
  const text = (key: string, variable: string) => (config[key] as string | undefined) ?? env[variable];
  return {
    endpoint,
    region: text("region", "AWS_REGION") ?? "us-east-1",
    credentials: {
      accessKeyId: text("accessKey", "AWS_ACCESS_KEY_ID") ?? "local",
      secretAccessKey: text("secretKey", "AWS_SECRET_ACCESS_KEY") ?? "local",
      sessionToken: text("token", "AWS_SESSION_TOKEN"),
    },
  };
}
