import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { expect } from "chai";
import type { Ack } from "../../producer/acks";
import { openPutMedia, type PutMediaOptions } from "../../producer/putMedia";
import { ackLine, type FakeService, serveFake } from "./fakeService";

const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey, sessionToken: "a session" };

/** The signature of a request, computed from the rules of Signature Version 4 and nothing else. */
function signatureOf({ method, url, headers }: IncomingMessage): string {
  const [, scope = "", signed = ""] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(headers.authorization ?? "") ?? [];
  const names = signed.split(";");
  const canonical = [
    method,
    url,
    "",
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    signed,
    headers["x-amz-content-sha256"],
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hash].join("\n");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  return hmac(scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`), toSign).toString(
    "hex",
  );
}

describe("A PutMedia connection", () => {
  const services: FakeService[] = [];
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
  });

  async function serve(putMedia: RequestListener): Promise<PutMediaOptions> {
    const service = await serveFake(putMedia);
    services.push(service);
    return {
      endpoint: service.url,
      streamName: "gate",
      region: "eu-west-1",
      credentials,
      producerStartTimestampMs: 1_700_000_000_500,
    };
  }

  /** Takes the body and ends the answer with it. */
  const drain: RequestListener = (request, response) => {
    request.resume().on("end", () => response.end());
  };

  it("asks as the API page says, with a signature that leaves out the endless body", async () => {
    let seen: IncomingMessage | undefined;
    const options = await serve((request, response) => {
      seen = request;
      drain(request, response);
    });

    const connection = openPutMedia(options);
    connection.end();
    const reason = await connection.closed;

    expect(reason).to.equal(undefined);
    expect(`${seen?.method} ${seen?.url}`).to.equal("POST /putMedia");
    expect(seen?.headers).to.include({
      "x-amzn-stream-name": "gate",
      "x-amzn-fragment-timecode-type": "ABSOLUTE",
      "x-amzn-producer-start-timestamp": "1700000000.500",
      "x-amzn-fragment-acknowledgment-required": "1",
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
      "x-amz-security-token": "a session",
      "transfer-encoding": "chunked",
      connection: "keep-alive",
      host: new URL(options.endpoint).host,
    });
    expect(seen?.headers).not.to.have.any.keys("content-length", "x-amzn-stream-arn");
    expect(seen?.headers.authorization).to.match(/\/eu-west-1\/kinesisvideo\/aws4_request,/);
    expect(seen?.headers.authorization).to.match(/SignedHeaders=[^,]*host;[^,]*x-amzn-stream-name/);
    expect(seen?.headers.authorization).to.match(new RegExp(`Signature=${signatureOf(seen!)}$`));
  });

  it("names a stream by ARN, and counts timecodes from its start, when told to", async () => {
    let seen: IncomingMessage | undefined;
    const options = await serve((request, response) => {
      seen = request;
      drain(request, response);
    });
    const streamArn = "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/gate/1700000000000";

    const connection = openPutMedia({
      ...options,
      streamName: undefined,
      streamArn,
      timecodeType: "RELATIVE",
    });
    connection.end();
    await connection.closed;

    expect(seen?.headers).to.include({
      "x-amzn-stream-arn": streamArn,
      "x-amzn-fragment-timecode-type": "RELATIVE",
    });
    expect(seen?.headers).not.to.have.property("x-amzn-stream-name");
  });

  it("takes a stream's name or its ARN, not both", async () => {
    const options = await serve(drain);

    const act = () => openPutMedia({ ...options, streamArn: "arn:aws:kinesisvideo:::stream/gate/1" });

    expect(act).to.throw("exactly one of streamName and streamArn");
  });

  it("hears acknowledgements while it is still sending", async () => {
    const received: string[] = [];
    const options = await serve((request, response) => {
      request.on("data", (bytes: Buffer) => {
        received.push(bytes.toString());
        response.write(ackLine("PERSISTED", received.length));
      });
      request.on("end", () => response.end());
    });
    const acks: Ack[] = [];
    let onAck: () => void = () => undefined;
    const connection = openPutMedia({
      ...options,
      onAck(ack) {
        acks.push(ack);
        onAck();
      },
    });
    const nextAck = () =>
      new Promise<void>((resolve) => {
        onAck = resolve;
      });

    for (const text of ["one", "two", "three"]) {
      const acked = nextAck();
      await connection.write(Buffer.from(text));
      await acked;
    }
    connection.end();
    const reason = await connection.closed;

    expect(reason).to.equal(undefined);
    expect(received).to.deep.equal(["one", "two", "three"]);
    expect(acks.map((ack) => ack.fragmentTimecodeMs)).to.deep.equal([1, 2, 3]);
  });

  it("waits with more bytes until the service takes them", async () => {
    let take: () => void = () => undefined;
    const options = await serve((request, response) => {
      take = () => drain(request, response);
      response.flushHeaders();
    });
    const connection = openPutMedia(options);
    const megabyte = new Uint8Array(1_000_000);
    let sentMegabytes = 0;
    const sending = (async () => {
      for (; sentMegabytes < 40; sentMegabytes += 1) await connection.write(megabyte);
    })();

    let before = -1;
    while (sentMegabytes > before || sentMegabytes === 0) {
      before = sentMegabytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const sentWhileStuck = sentMegabytes;
    take();
    await sending;
    connection.end();

    expect(sentWhileStuck).to.be.lessThan(40);
    expect(await connection.closed).to.equal(undefined);
  });

  const refusals: {
    name: string;
    answer(response: ServerResponse): void;
    error: Record<string, unknown>;
    message: RegExp;
  }[] = [
    {
      name: "in the header that the SDKs read",
      answer: (response) =>
        response
          .writeHead(404, { "x-amzn-ErrorType": "ResourceNotFoundException" })
          .end(JSON.stringify({ Message: "No stream gate." })),
      error: { name: "ResourceNotFoundException", statusCode: 404 },
      message: /^ResourceNotFoundException \(HTTP 404\): No stream gate\.$/,
    },
    {
      name: "in the header of the API page, with an address behind it",
      answer: (response) =>
        response
          .writeHead(400, { "x-amz-ErrorType": "ClientLimitExceededException:http://internal/" })
          .end(`{"message":"Slow down."}`),
      error: { name: "ClientLimitExceededException", statusCode: 400 },
      message: /Slow down/,
    },
    {
      name: "in the body",
      answer: (response) =>
        response.writeHead(401).end(`{"__type":"com.amazonaws.kinesisvideo#NotAuthorizedException"}`),
      error: { name: "NotAuthorizedException", statusCode: 401 },
      message: /no reason given|NotAuthorizedException/,
    },
    {
      name: "by a proxy that is not the service",
      answer: (response) => response.writeHead(502).end("Bad Gateway"),
      error: { name: "Http502", statusCode: 502 },
      message: /Bad Gateway/,
    },
  ];
  for (const { name, answer, error, message } of refusals) {
    it(`ends with the service's own error, named ${name}`, async () => {
      const options = await serve((request, response) => {
        request.resume();
        answer(response);
      });

      const connection = openPutMedia(options);
      const reason = await connection.closed;

      expect(reason).to.include(error);
      expect(reason?.message).to.match(message);
    });
  }

  it("ends when the answer is not a list of acknowledgements", async () => {
    const options = await serve((_request, response) => {
      response.write("<html>");
    });

    const connection = openPutMedia(options);
    const reason = await connection.closed;

    expect(reason?.message).to.match(/not a list of acknowledgements/);
  });

  it("says that the service hung up, and gives that reason to whoever writes on", async () => {
    const options = await serve((_request, response) => {
      response.end(ackLine("RECEIVED", 1));
    });

    const connection = openPutMedia(options);
    const reason = await connection.closed;
    const written = await connection.write(new Uint8Array(1)).catch((error: Error) => error);

    expect(reason?.message).to.match(/closed the connection while media was being sent/);
    expect(written).to.equal(reason);
  });

  it("names the address that does not answer", async () => {
    const options = await serve(drain);
    for (const service of services.splice(0)) await service.close();

    const connection = openPutMedia(options);
    const reason = await connection.closed;

    expect(reason?.message).to.equal(`No connection to ${options.endpoint} (ECONNREFUSED).`);
  });

  it("drops the socket when it is cut off, and the body never ends", async () => {
    let gone: Promise<unknown> = Promise.resolve();
    let sawEnd = false;
    const options = await serve((request, response) => {
      gone = once(request, "error");
      request.resume().on("end", () => {
        sawEnd = true;
      });
      response.flushHeaders();
    });
    const accepted = new Promise<void>((resolve) => {
      options.onAccepted = resolve;
    });
    const connection = openPutMedia(options);
    await connection.write(Uint8Array.of(1, 2, 3));
    await accepted;

    connection.cutOff();
    const reason = await connection.closed;
    await gone;

    expect(reason?.message).to.match(/was cut off/);
    expect(sawEnd).to.equal(false);
  });
});
