import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { startCloud } from "../../local/cloud";

describe("the local cloud", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-closing-"));
  });
  afterEach(() => fs.rmSync(dataDir, { recursive: true }));

  it("has written all it will when it is closed, also of calls that were cut off", async () => {
    const cloud = await startCloud({ dataDir });
    const s3 = new S3({ ...cloud.clientConfig, maxAttempts: 1 });
    const Bucket = "footage";
    await s3.createBucket({ Bucket });
    const put = (_: unknown, number: number) =>
      s3.putObject({ Bucket, Key: `clip-${number}`, Body: Buffer.alloc(100_000, number) });
    const puts = Array.from({ length: 40 }, put);
    const settled = Promise.allSettled(puts);
    await Promise.race(puts);

    await cloud.close();
    const atClose = fs.readdirSync(path.join(dataDir, "s3"), { recursive: true });
    const outcomes = await settled;
    const later = fs.readdirSync(path.join(dataDir, "s3"), { recursive: true });

    expect(outcomes.map(({ status }) => status)).to.include("rejected");
    expect(atClose.filter((file) => /incoming./.test(String(file)))).to.deep.equal([]);
    expect(later).to.have.members(atClose);
    s3.destroy();
  });
});
