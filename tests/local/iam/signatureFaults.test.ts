import { IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import { DescribeStreamCommand, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import { expect } from "chai";
import { restJsonService } from "../../../local/core/protocols";
import { refusalOf } from "../../support/refusalOf";
import { type ServedIam, serveIam } from "./servedIam";
import { amzDate, send, signByHand } from "./wireRequests";

const MINUTE_MS = 60_000;
/** Any S3 path answers; errors come as JSON here, which does not matter for their codes. */
const s3StandIn = restJsonService({
  signingName: "s3",
  routes: [{ method: "GET", path: "/{Path+}", operation: async () => ({}) }],
});

describe("a request that cannot be trusted", () => {
  let cloud: ServedIam;
  beforeEach(async () => {
    cloud = await serveIam({ more: [s3StandIn] });
  });
  afterEach(() => cloud.close());

  /** What a raw request to S3's stand-in is answered. */
  async function answerOfS3(path: string, headers: Record<string, string> = {}) {
    const { status, body } = await send(cloud.url, { method: "GET", path, headers });
    const { Message } = JSON.parse(body) as { Message?: string };
    return { status, Message };
  }

  function signedForS3(dateOffsetMs: number, region = "us-east-1") {
    const headers = {
      host: "s3.local",
      "x-amz-date": amzDate(dateOffsetMs),
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    };
    const authorization = signByHand({
      method: "GET",
      path: "/clips/a",
      headers,
      payloadHash: "UNSIGNED-PAYLOAD",
      service: "s3",
      accessKeyId: "AKIAOWNERSOWNKEY",
      secretAccessKey: "secret",
    });
    return { ...headers, authorization: authorization.replace("us-east-1", region) };
  }

  it("is an InvalidSignatureException of Kinesis Video when its scope names another region", async () => {
    const abroad = new KinesisVideoClient({ ...cloud.clientConfig(), region: "eu-west-1" });

    const refusal = await refusalOf(abroad.send(new DescribeStreamCommand({ StreamName: "gate" })));

    expect(refusal.name).to.equal("InvalidSignatureException");
    expect(refusal.$metadata?.httpStatusCode).to.equal(403);
    expect(refusal.message).to.match(/eu-west-1.*us-east-1/);
  });

  it("is an AuthorizationHeaderMalformed of S3 when its scope names another region", async () => {
    const answer = await answerOfS3("/clips/a", signedForS3(0, "eu-west-1"));

    expect(answer.status).to.equal(400);
    expect(answer.Message).to.equal(
      "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
    );
  });

  it("is refused 6 minutes before and after its date by Kinesis Video, also for the owner's key", async () => {
    const late = new KinesisVideoClient({ ...cloud.clientConfig(), systemClockOffset: -6 * MINUTE_MS });
    const early = new KinesisVideoClient({ ...cloud.clientConfig(), systemClockOffset: 6 * MINUTE_MS });

    const tooLate = await refusalOf(late.send(new DescribeStreamCommand({ StreamName: "gate" })));
    const tooEarly = await refusalOf(early.send(new DescribeStreamCommand({ StreamName: "gate" })));

    expect(tooLate.name).to.equal("InvalidSignatureException");
    expect(tooLate.message).to.match(/^Signature expired: .* - 5 min\.$/);
    expect(tooEarly.message).to.match(/^Signature not yet current: .* \+ 5 min\.$/);
  });

  it("is a SignatureDoesNotMatch of IAM when it is too old", async () => {
    const late = new IAMClient({ ...cloud.clientConfig(), systemClockOffset: -6 * MINUTE_MS });

    const refusal = await refusalOf(late.send(new ListRolesCommand({})));

    expect(refusal.name).to.equal("SignatureDoesNotMatch");
    expect(refusal.$metadata?.httpStatusCode).to.equal(403);
  });

  it("has 15 minutes at S3, which calls it RequestTimeTooSkewed then", async () => {
    const within = await answerOfS3("/clips/a", signedForS3(-14 * MINUTE_MS));
    const outside = await answerOfS3("/clips/a", signedForS3(-16 * MINUTE_MS));

    expect(within.status).to.equal(200);
    expect(outside.status).to.equal(403);
    expect(outside.Message).to.match(/^The difference between the request time and the current time/);
  });

  it("is good as a presigned URL for as long as it says", async () => {
    const url = (offsetMs: number, expiresSeconds: number) => {
      const date = amzDate(offsetMs);
      const credential = encodeURIComponent(`AKIAOWNER/${date.slice(0, 8)}/us-east-1/s3/aws4_request`);
      return `/clips/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=${date}&X-Amz-Expires=${expiresSeconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=00`;
    };

    const within = await answerOfS3(url(-50 * MINUTE_MS, 3600));
    const outside = await answerOfS3(url(-70 * MINUTE_MS, 3600));
    const tooLong = await answerOfS3(url(0, 604_801));

    expect(within.status).to.equal(200);
    expect(outside).to.deep.equal({ status: 403, Message: "Request has expired" });
    expect(tooLong.status).to.equal(400);
    expect(tooLong.Message).to.match(/X-Amz-Expires is 604801/);
  });

  it("is refused when it does not say what it signed", async () => {
    const { "x-amz-date": _date, ...undated } = signedForS3(0);

    const withoutDate = await answerOfS3("/clips/a", undated);
    const withoutHost = await answerOfS3("/clips/a", {
      ...signedForS3(0),
      authorization: signedForS3(0).authorization.replace("host;", ""),
    });

    expect(withoutDate.status).to.equal(400);
    expect(withoutDate.Message).to.match(/X-Amz-Date is undefined/);
    expect(withoutHost.Message).to.match(/the host header is not among the SignedHeaders/);
  });
});
