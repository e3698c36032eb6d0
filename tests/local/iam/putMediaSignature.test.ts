import { createHash } from "node:crypto";
import { CreateAccessKeyCommand, CreateUserCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { queryService } from "../../../local/core/protocols";
import type { HttpService } from "../../../local/core/service";
import { type ServedIam, serveIam } from "./servedIam";
import { amzDate, send, signByHand } from "./wireRequests";

const EMPTY_HASH = createHash("sha256").update("").digest("hex");

/** Takes any request whose signature passes and leaves its body alone, as PutMedia does. */
const streamingService: HttpService = {
  ...queryService({ signingName: "kinesisvideo-stream", xmlNamespace: "", operations: {} }),
  streams: () => true,
  async handle(_request, response) {
    response.end("taken");
  },
};

describe("the signature of a streamed request, whose body is not read first", () => {
  let cloud: ServedIam;
  let keys: { accessKeyId: string; secretAccessKey: string };
  beforeEach(async () => {
    cloud = await serveIam({ more: [streamingService] });
    await cloud.owner.send(new CreateUserCommand({ UserName: "camera" }));
    const { AccessKey } = await cloud.owner.send(new CreateAccessKeyCommand({ UserName: "camera" }));
    keys = { accessKeyId: AccessKey?.AccessKeyId ?? "", secretAccessKey: AccessKey?.SecretAccessKey ?? "" };
  });
  afterEach(() => cloud.close());

  /** Signs and sends a body as a producer does, with `unsigned` headers added after signing. */
  async function putMedia(
    payloadHash: string,
    signed: Record<string, string> = {},
    unsigned: Record<string, string> = {},
  ) {
    // The C producer leaves the port out of the Host header.
    const headers = {
      host: "127.0.0.1",
      "x-amz-date": amzDate(),
      "content-type": "application/json",
      "x-amzn-stream-name": "gate",
      ...signed,
    };
    const authorization = signByHand({
      method: "POST",
      path: "/putMedia",
      headers,
      payloadHash,
      service: "kinesisvideo-stream",
      ...keys,
    });
    return send(cloud.url, {
      method: "POST",
      path: "/putMedia",
      headers: { ...headers, ...unsigned, authorization, "transfer-encoding": "chunked" },
      body: "matroska",
    });
  }

  it("may be over an empty body, as the C producer signs", async () => {
    const answer = await putMedia(EMPTY_HASH);

    expect(answer).to.deep.equal({ status: 200, body: "taken" });
  });

  it("may be over UNSIGNED-PAYLOAD, stated in a header or not", async () => {
    const unstated = await putMedia("UNSIGNED-PAYLOAD");
    const stated = await putMedia("UNSIGNED-PAYLOAD", { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });

    expect(unstated.status).to.equal(200);
    expect(stated.status).to.equal(200);
  });

  it("may have headers beside it that were not signed", async () => {
    const answer = await putMedia(EMPTY_HASH, {}, { "user-agent": "AWS-SDK-KVS/1.6.4" });

    expect(answer.status).to.equal(200);
  });

  it("fails over anything else", async () => {
    const answer = await putMedia(createHash("sha256").update("another").digest("hex"));

    expect(answer.status).to.equal(403);
    expect(answer.body).to.match(/signature we calculated does not match/);
  });
});
