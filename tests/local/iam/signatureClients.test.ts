import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { KinesisVideoClient, ListStreamsCommand } from "@aws-sdk/client-kinesis-video";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "chai";
import { credentialScope } from "../../../local/core/server";
import type { HttpRequest } from "../../../local/core/service";
import { readSignature, signatureMatches } from "../../../local/iam/signature";

describe("the signatures of the AWS SDK's clients", () => {
  let server: http.Server;
  let captured: HttpRequest[];
  let config: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
    maxAttempts: number;
  };

  beforeEach(async () => {
    captured = [];
    server = http.createServer(async (message, response) => {
      const parts: Buffer[] = [];
      for await (const part of message) parts.push(part as Buffer);
      const [path = "", search] = (message.url ?? "").split("?");
      const { method = "", headers } = message;
      const query = new URLSearchParams(search);
      captured.push({ method, path, query, headers, body: Buffer.concat(parts), stream: message });
      response.writeHead(500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = {
      accessKeyId: "AKIAEXAMPLE",
      secretAccessKey: "its secret",
      sessionToken: "to+ken/=",
    };
    config = { endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const bucket = { Bucket: "clips" };
  const s3 = () => new S3Client({ ...config, forcePathStyle: true });
  const queueUrl = () => `${config.endpoint}/123456789012/dead-letters`;
  const sends: Record<string, () => Promise<unknown>> = {
    "Kinesis Video (REST-JSON)": () => new KinesisVideoClient(config).send(new ListStreamsCommand({})),
    "Lambda (an encoded path)": () =>
      new LambdaClient(config).send(
        new InvokeCommand({ FunctionName: "arn:aws:lambda:us-east-1:123456789012:function:archive" }),
      ),
    CloudWatch: () => new CloudWatchClient(config).send(new DescribeAlarmsCommand({})),
    "Step Functions (JSON)": () => new SFNClient(config).send(new ListStateMachinesCommand({})),
    SQS: () =>
      new SQSClient(config).send(new SendMessageCommand({ QueueUrl: queueUrl(), MessageBody: "ü & <é>" })),
    "IAM (Query)": () => new IAMClient(config).send(new ListRolesCommand({ PathPrefix: "/a+b/ c/" })),
    "S3 with a name full of special characters": () =>
      s3().send(new PutObjectCommand({ ...bucket, Key: "date=2026/a b+c&é(1)!~*'.mp4", Body: "media" })),
    "S3 with a query": () =>
      s3().send(new ListObjectsV2Command({ ...bucket, Prefix: "date=2026/ü +*", Delimiter: "/" })),
  };
  for (const [client, sendOne] of Object.entries(sends)) {
    it(`match with the client's secret and with no other: ${client}`, async () => {
      await sendOne().catch(() => "the capturing server answers 500");
      const [request] = captured;
      const scope = request && credentialScope(request);
      const sent = request && readSignature(request);
      if (!scope || !sent || "problem" in sent) throw new Error("The client's request does not parse");

      const matches = await signatureMatches(request, scope, sent, "its secret", true);
      const matchesAnother = await signatureMatches(request, scope, sent, "another", true);
      const tampered = { ...request, path: `${request.path}x` };
      const matchesTampered = await signatureMatches(tampered, scope, sent, "its secret", true);

      expect(sent.sessionToken).to.equal("to+ken/=");
      expect([matches, matchesAnother, matchesTampered]).to.deep.equal([true, false, false]);
    });
  }
});
