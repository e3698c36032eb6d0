import { randomBytes } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { VaultObject } from "../../archive/ports";
import { readText } from "../../archive/text";
import { makeVault } from "../../handlers/ports/s3";
import { Bucket, type ServedS3, startS3 } from "../local/s3/service";

const MEBIBYTE = 1024 * 1024;

/** Passes requests on to `target`, and hangs up instead of answering the first one that `isLost` names. */
async function startLossyProxy(target: string, isLost: (request: http.IncomingMessage) => boolean) {
  let wasLost = false;
  const server = http.createServer((request, response) => {
    const onward = http.request(
      `${target}${request.url}`,
      { method: request.method, headers: request.headers },
      (answer) => {
        if (!wasLost && isLost(request)) {
          wasLost = true;
          answer.resume().on("end", () => response.destroy());
        } else {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        }
      },
    );
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("the vault in S3", () => {
  const environment = { ...process.env };
  let s3: ServedS3;
  let proxy: Awaited<ReturnType<typeof startLossyProxy>>;
  beforeEach(async () => {
    s3 = await startS3();
    proxy = await startLossyProxy(
      s3.url,
      ({ method, url }) => method === "POST" && /uploadId=/.test(url ?? ""),
    );
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: proxy.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    });
  });
  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    await proxy.close();
    await s3.stop();
  });

  /** An object whose body tells whether it was let go. */
  function object(...parts: (Uint8Array | Error)[]): VaultObject & { wasLetGo(): boolean } {
    let wasLetGo = false;
    async function* body() {
      try {
        for (const part of parts) {
          if (part instanceof Error) throw part;
          yield part;
        }
      } finally {
        wasLetGo = true;
      }
    }
    const description = {
      contentType: "video/mp4",
      metadata: { "last-fragment": "7" },
      tags: { stream: "gate" },
    };
    return { key: "clips/one.mp4", body: body(), ...description, wasLetGo: () => wasLetGo };
  }
  const keys = async () => ((await s3.client.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);
  const uploads = async () => (await s3.client.listMultipartUploads({ Bucket })).Uploads ?? [];

  it("stores a large object once though the answer to its last call was lost: the next try finds it there", async () => {
    const large = () => object(Buffer.alloc(12 * MEBIBYTE, 1));
    const vault = makeVault(Bucket);

    await vault.putIfAbsent(large()).catch((error: Error) => error);
    const outcome = await vault.putIfAbsent(large());

    expect(outcome).to.deep.equal({ outcome: "present" });
    expect(await keys()).to.deep.equal(["clips/one.mp4"]);
    expect(await uploads()).to.deep.equal([]);
  });

  it("stores a body of many parts byte for byte", async () => {
    const bytes = randomBytes(35 * MEBIBYTE + 7);
    const chunks = Array.from({ length: 36 }, (_, index) =>
      bytes.subarray(index * MEBIBYTE, (index + 1) * MEBIBYTE),
    );
    const vault = makeVault(Bucket);

    // The answer to the first completion is lost on its way.
    await vault.putIfAbsent(object(...chunks)).catch((error: Error) => error);
    const { Body } = await s3.client.getObject({ Bucket, Key: "clips/one.mp4" });

    expect(bytes.equals((await Body?.transformToByteArray()) ?? new Uint8Array())).to.equal(true);
  });

  it("leaves nothing when a body breaks off", async () => {
    const broken = object(Buffer.alloc(12 * MEBIBYTE, 1), new Error("aborted"));

    const failure = await makeVault(Bucket)
      .putIfAbsent(broken)
      .catch((error: Error) => error.message);

    expect(failure).to.equal("aborted");
    expect(await keys()).to.deep.equal([]);
    expect(await uploads()).to.deep.equal([]);
  });

  it("lets go of a body that the bucket does not take", async () => {
    const unwanted = object(
      Buffer.alloc(8 * MEBIBYTE),
      Buffer.alloc(8 * MEBIBYTE),
      Buffer.alloc(8 * MEBIBYTE),
    );

    const failure = await makeVault("no-such-bucket")
      .putIfAbsent(unwanted)
      .catch((error: Error) => error.name);

    expect(failure).to.equal("NoSuchBucket");
    expect(unwanted.wasLetGo()).to.equal(true);
  });

  it("finds the first of a key's versions, behind more of them than one listing holds and a delete marker", async () => {
    await s3.client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const vault = makeVault(Bucket);
    await vault.putIfAbsent(object(Buffer.from("the entry")));
    for (let index = 0; index < 1001; index += 1)
      await s3.client.putObject({ Bucket, Key: "clips/one.mp4", Body: "written over" });
    await s3.client.putObject({ Bucket, Key: "clips/one.mp4.bak", Body: "another key" });
    await s3.client.deleteObject({ Bucket, Key: "clips/one.mp4" });

    const [one, other] = await vault.firstVersions("clips/", 2);
    const [newest, first] = [
      await vault.get("clips/one.mp4"),
      await vault.get("clips/one.mp4", one?.versionId),
    ];

    expect(one).to.have.keys("key", "versionId");
    expect(other).to.deep.equal({ key: "clips/one.mp4.bak" });
    expect(newest).to.equal(undefined);
    expect(first && (await readText(first.body))).to.equal("the entry");
    expect(await vault.firstVersions("clips/two", 1)).to.deep.equal([]);
  });

  it("refuses an empty body: no clip is empty, and its key would pass for one", async () => {
    const failure = await makeVault(Bucket)
      .putIfAbsent(object())
      .catch((error: Error) => error.message);

    expect(failure).to.contain("clips/one.mp4 has no bytes");
    expect(await keys()).to.deep.equal([]);
  });
});
