import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, byteFiles, type ServedS3, startS3 } from "./service";
import { openUpload, upload } from "./wireUpload";

const BODY = "the last frame";
const crc = Buffer.alloc(4);
crc.writeUInt32BE(crc32(BODY));
const CRC32 = crc.toString("base64");
const hash = (algorithm: string, encoding: "hex" | "base64") =>
  createHash(algorithm).update(BODY).digest(encoding);
const OTHER_SHA256 = createHash("sha256").update("another frame").digest();

/** The body in two aws-chunked frames, perhaps with signatures and a trailer. */
function framed({ signed = false, trailer = "" } = {}): string {
  const signature = signed ? `;chunk-signature=${"0".repeat(64)}` : "";
  const frame = (text: string) => `${text.length.toString(16)}${signature}\r\n${text}\r\n`;
  return `${frame(BODY.slice(0, 5))}${frame(BODY.slice(5))}0${signature}\r\n${trailer}\r\n`;
}

describe("S3's checks of an upload's integrity", () => {
  let s3: ServedS3;
  let url: string;

  beforeEach(async () => {
    s3 = await startS3();
    url = `${s3.url}/${Bucket}/k`;
  });

  afterEach(() => s3.stop());

  const stored = async () => (await s3.client.getObject({ Bucket, Key: "k" })).Body!.transformToString();

  const streaming = (kind: string, more = {}) => ({
    "x-amz-content-sha256": `STREAMING-${kind}`,
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": BODY.length,
    ...more,
  });

  for (const [title, headers, body] of [
    ["a Content-MD5", { "content-md5": hash("md5", "base64") }, BODY],
    ["a signed SHA-256 of the body", { "x-amz-content-sha256": hash("sha256", "hex") }, BODY],
    ["a CRC32", { "x-amz-checksum-crc32": CRC32 }, BODY],
    ["a SHA-1", { "x-amz-checksum-sha1": hash("sha1", "base64") }, BODY],
    ["a SHA-256", { "x-amz-checksum-sha256": hash("sha256", "base64") }, BODY],
    ["aws-chunked frames with signatures", streaming("AWS4-HMAC-SHA256-PAYLOAD"), framed({ signed: true })],
    [
      "aws-chunked frames with a trailing checksum",
      streaming("UNSIGNED-PAYLOAD-TRAILER", { "x-amz-trailer": "x-amz-checksum-crc32" }),
      framed({ trailer: `x-amz-checksum-crc32:${CRC32}\r\n` }),
    ],
  ] as const) {
    it(`accept ${title} that is right`, async () => {
      const { status } = await upload(url, headers, body);

      expect(status).to.equal(200);
      expect(await stored()).to.equal(BODY);
    });
  }

  for (const [title, headers, body, code] of [
    ["a wrong Content-MD5", { "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" }, BODY, "BadDigest"],
    ["a Content-MD5 that is none", { "content-md5": "bm9uZQ==" }, BODY, "InvalidDigest"],
    [
      "a wrong signed SHA-256",
      { "x-amz-content-sha256": OTHER_SHA256.toString("hex") },
      BODY,
      "XAmzContentSHA256Mismatch",
    ],
    ["a wrong CRC32", { "x-amz-checksum-crc32": "AAAAAA==" }, BODY, "BadDigest"],
    ["a wrong SHA-256", { "x-amz-checksum-sha256": OTHER_SHA256.toString("base64") }, BODY, "BadDigest"],
    [
      "a wrong trailing checksum",
      streaming("UNSIGNED-PAYLOAD-TRAILER", { "x-amz-trailer": "x-amz-checksum-crc32" }),
      framed({ trailer: "x-amz-checksum-crc32:AAAAAA==\r\n" }),
      "BadDigest",
    ],
    [
      "a trailer that was announced and does not come",
      streaming("UNSIGNED-PAYLOAD-TRAILER", { "x-amz-trailer": "x-amz-checksum-crc32" }),
      framed(),
      "InvalidRequest",
    ],
    [
      "frames that end too early",
      streaming("AWS4-HMAC-SHA256-PAYLOAD"),
      framed({ signed: true }).slice(0, 100),
      "IncompleteBody",
    ],
    ["frames that are none", streaming("AWS4-HMAC-SHA256-PAYLOAD"), `${BODY}\r\n`, "InvalidRequest"],
    [
      "two checksums",
      { "x-amz-checksum-crc32": CRC32, "x-amz-checksum-sha1": hash("sha1", "base64") },
      BODY,
      "InvalidRequest",
    ],
    [
      "an algorithm that cannot be verified here",
      { "x-amz-checksum-xxhash3": CRC32 },
      BODY,
      "NotImplemented",
    ],
  ] as const) {
    it(`refuse ${title}, and keep nothing`, async () => {
      const { body: xml } = await upload(url, headers, body);

      expect(/<Code>(.*)<\/Code>/.exec(xml)?.[1]).to.equal(code);
      expect((await refusalOf(stored())).name).to.equal("NoSuchKey");
      expect(byteFiles(s3.dataDir)).to.deep.equal([]);
    });
  }

  // The check values that the catalogue of CRC algorithms gives for these nine digits.
  for (const [name, check] of [
    ["crc32c", "e3069283"],
    ["crc64nvme", "ae8b14860a799888"],
  ] as const) {
    it(`verify ${name}, which newer clients send by default`, async () => {
      const header = `x-amz-checksum-${name}`;
      const right = Buffer.from(check, "hex").toString("base64");
      const wrong = Buffer.from(check.replace(/^./, "0"), "hex").toString("base64");

      const refused = await upload(url, { [header]: wrong }, "123456789");
      const taken = await upload(url, { [header]: right }, "123456789");

      expect(refused.body).to.include("<Code>BadDigest</Code>");
      expect(taken.status).to.equal(200);
    });
  }

  it("need to know the length before the body", async () => {
    const wire = openUpload(url, { "transfer-encoding": "chunked" });
    wire.write(BODY);
    wire.end();
    const { status, body: xml } = await wire.answer;

    expect(status).to.equal(411);
    expect(xml).to.include("MissingContentLength");
  });

  it("leave no object and no file behind when the client goes away", async () => {
    const wire = openUpload(url, { "content-length": 1000 });
    wire.write(BODY);
    while (byteFiles(s3.dataDir).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));

    wire.destroy();
    await refusalOf(wire.answer);
    while (byteFiles(s3.dataDir).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));

    expect((await refusalOf(stored())).name).to.equal("NoSuchKey");
  });

  it("keep the checksum, and return it when asked", async () => {
    await s3.client.putObject({ Bucket, Key: "k", Body: BODY, ChecksumAlgorithm: "SHA256" });

    const asked = await s3.client.headObject({ Bucket, Key: "k", ChecksumMode: "ENABLED" });
    const { ETag, Checksum, ObjectSize } = await s3.client.getObjectAttributes({
      Bucket,
      Key: "k",
      ObjectAttributes: ["ETag", "Checksum", "ObjectSize"],
    });

    expect(asked).to.include({ ChecksumSHA256: hash("sha256", "base64"), ChecksumType: "FULL_OBJECT" });
    expect(Checksum).to.deep.equal({ ChecksumSHA256: hash("sha256", "base64"), ChecksumType: "FULL_OBJECT" });
    expect({ ETag, ObjectSize }).to.deep.equal({ ETag: hash("md5", "hex"), ObjectSize: BODY.length });
  });
});
