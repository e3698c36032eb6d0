import { createHash } from "node:crypto";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { queryService } from "../../../local/core/protocols";
import type { HttpService } from "../../../local/core/service";
import { type ServedIam, serveIam, trust } from "./servedIam";
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
  let session: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  beforeEach(async () => {
    cloud = await serveIam({ more: [streamingService] });
    const AssumeRolePolicyDocument = trust({ Service: "iot.amazonaws.com" });
    const { Role } = await cloud.owner.send(
      new CreateRoleCommand({ RoleName: "camera", AssumeRolePolicyDocument }),
    );
    session = cloud.iam.issueCredentials({ roleArn: Role?.Arn ?? "", sessionName: "gate" });
  });
  afterEach(() => cloud.close());

  /** Signs and sends a body as a producer does; `signed` headers are added before signing, the token after it. */
  async function putMedia(
    payloadHash: string,
    signed: Record<string, string> = {},
    token = { "x-amz-security-token": session.sessionToken },
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
      ...session,
    });
    return send(cloud.url, {
      method: "POST",
      path: "/putMedia",
      headers: { ...headers, ...token, authorization, "transfer-encoding": "chunked" },
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

  it("may cover the session token or leave it out, but the token must be the session's", async () => {
    const covered = await putMedia(EMPTY_HASH, { "x-amz-security-token": session.sessionToken });
    const wrong = await putMedia(EMPTY_HASH, {}, { "x-amz-security-token": "another" });

    expect(covered.status).to.equal(200);
    expect(wrong.status).to.equal(403);
    expect(wrong.body).to.match(/security token included in the request is invalid/);
  });

  it("fails over anything else", async () => {
    const answer = await putMedia(createHash("sha256").update("another").digest("hex"));

    expect(answer.status).to.equal(403);
    expect(answer.body).to.match(/signature we calculated does not match/);
  });
});
