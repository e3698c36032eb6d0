import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Clock, makeClock } from "../../local/core/clock";
import { openEndpoint } from "../../local/core/server";
import type { Caller, CloudDeps, HttpService } from "../../local/core/service";
import { openStore } from "../../local/core/store";

/** The account's owner, who may do anything. */
export const OWNER: Caller = {
  kind: "owner",
  arn: "arn:aws:iam::123456789012:root",
  accountId: "123456789012",
};

/** Some services of the local cloud behind a real endpoint, without IAM. */
export interface ServedServices {
  url: string;
  /** For the constructor of any AWS SDK client. */
  clientConfig: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    maxAttempts: number;
  };
  deps: CloudDeps;
  close(): Promise<void>;
}

/** Serves what `make` returns on a free port, over a data folder of its own (or `dataDir`, to test a restart). */
export async function serveServices(
  make: (deps: CloudDeps) => HttpService[],
  { clock = makeClock(), dataDir }: { clock?: Clock; dataDir?: string } = {},
): Promise<ServedServices> {
  const folder = dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  const endpoint = await openEndpoint(0);
  const deps: CloudDeps = {
    clock,
    store: openStore(folder),
    region: "us-east-1",
    accountId: OWNER.accountId,
    endpointUrl: () => endpoint.url,
  };
  endpoint.serve({
    services: make(deps),
    gatekeeper: { authenticate: async () => OWNER, authorize: async () => undefined },
    region: deps.region,
    accountId: deps.accountId,
  });
  const credentials = { accessKeyId: "AKIDOWNER", secretAccessKey: "secret" };
  return {
    url: endpoint.url,
    clientConfig: { endpoint: endpoint.url, region: deps.region, credentials, maxAttempts: 1 },
    deps,
    async close() {
      await endpoint.close();
      if (!dataDir) fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
