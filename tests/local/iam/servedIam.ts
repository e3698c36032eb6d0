import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { type Clock, makeClock } from "../../../local/core/clock";
import { restJsonService } from "../../../local/core/protocols";
import { openEndpoint } from "../../../local/core/server";
import type { Caller, CloudDeps, HttpService } from "../../../local/core/service";
import { openStore } from "../../../local/core/store";
import { type Iam, makeIam } from "../../../local/iam";
import type { Judgement } from "../../../local/iam/authorization";
import { makeSts } from "../../../local/sts";

export const ACCOUNT = "123456789012";
export const GATE_ARN = `arn:aws:kinesisvideo:us-east-1:${ACCOUNT}:stream/gate/1763820000000`;

/** A key pair, of a session when it has a token. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** IAM and STS behind a real endpoint that asks them, with a stand-in for Kinesis Video to call. */
export interface ServedIam {
  url: string;
  iam: Iam;
  /** For the constructor of any AWS SDK client; the owner's without credentials. */
  clientConfig(credentials?: Credentials): {
    endpoint: string;
    region: string;
    credentials: Credentials;
    maxAttempts: number;
  };
  /** IAM as the owner. */
  owner: IAMClient;
  /** A client whose DescribeStream asks for that permission on {@link GATE_ARN}. */
  camera(credentials: Credentials): KinesisVideoClient;
  /** Who called the stand-in, oldest first. */
  callers: Caller[];
  /** Each permission that a call needed, oldest first. */
  judgements: Judgement[];
  close(): Promise<void>;
}

/** Serves IAM on a free port over a data folder of its own (or `dataDir`, to test a restart), and `more` services beside it. */
export async function serveIam({
  dataDir,
  acceptAnyOwnerKey,
  clock = makeClock(),
  more = [],
}: {
  dataDir?: string;
  clock?: Clock;
  acceptAnyOwnerKey?: boolean;
  more?: HttpService[];
} = {}): Promise<ServedIam> {
  const folder = dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  const endpoint = await openEndpoint(0);
  const deps: CloudDeps = {
    clock,
    store: openStore(folder),
    region: "us-east-1",
    accountId: ACCOUNT,
    endpointUrl: () => endpoint.url,
  };
  const judgements: Judgement[] = [];
  const onJudgement = (judgement: Judgement) => {
    judgements.push(judgement);
  };
  const iam = makeIam(deps, { acceptAnyOwnerKey, onJudgement });
  const sts = makeSts({ ...deps, iam });
  const callers: Caller[] = [];
  endpoint.serve({
    services: [iam.http, sts.http, kinesisVideoStandIn(callers), ...more],
    gatekeeper: iam.gatekeeper,
    region: deps.region,
    accountId: ACCOUNT,
  });
  const ownKeys: Credentials = { accessKeyId: "AKIDOWNER", secretAccessKey: "any secret" };
  const clientConfig = (credentials = ownKeys) => ({
    endpoint: endpoint.url,
    region: "us-east-1",
    credentials,
    maxAttempts: 1,
  });
  const owner = new IAMClient(clientConfig());
  return {
    url: endpoint.url,
    iam,
    clientConfig,
    owner,
    camera: (credentials) => new KinesisVideoClient(clientConfig(credentials)),
    callers,
    judgements,
    async close() {
      await endpoint.close();
      if (!dataDir) fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A policy that allows or denies actions on a resource. */
export function policy(
  action: string | string[],
  resource = "*",
  effect: "Allow" | "Deny" = "Allow",
): string {
  const Statement = [{ Effect: effect, Action: action, Resource: resource }];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

/** A trust policy that admits `principal`, such as `{Service: "lambda.amazonaws.com"}`. */
export function trust(principal: Record<string, string>, condition?: object): string {
  const Statement = [
    { Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", Condition: condition },
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

function kinesisVideoStandIn(callers: Caller[]): HttpService {
  return restJsonService({
    signingName: "kinesisvideo",
    routes: [
      {
        method: "POST",
        path: "/describeStream",
        operation: async (_input: object, call) => {
          callers.push(call.caller);
          await call.authorize({
            action: "kinesisvideo:DescribeStream",
            resource: GATE_ARN,
            context: { "aws:ResourceTag/site": "north" },
          });
          return { StreamInfo: { StreamName: "gate", StreamARN: GATE_ARN } };
        },
      },
    ],
  });
}
