import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { runtime } from "@pulumi/pulumi";
import { expect } from "chai";
import { footage } from "../support/footage";
import { remux } from "./remux";
import { realFootage } from "./support";

/** Runs what the serialized function would be in AWS: its text alone, with no packages in reach. */
const runner = `
  const fs = require("node:fs");
  const [input, output] = process.argv.slice(2);
  const { mp4, mkv } = require("./__index.js").handler(new Uint8Array(fs.readFileSync(input)));
  fs.writeFileSync(output + ".mp4", mp4);
  fs.writeFileSync(output + ".mkv", mkv);
`;

describe("media in a serialized closure", () => {
  let folder: string;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "serialized-"));
    const { text } = await runtime.serializeFunction(remux);
    fs.writeFileSync(path.join(folder, "__index.js"), text);
    fs.writeFileSync(path.join(folder, "run.js"), runner);
  });

  after(() => fs.rmSync(folder, { recursive: true }));

  for (const name of realFootage) {
    it(`makes the same files of ${name} as the source does`, () => {
      const output = path.join(folder, name);

      execFileSync(process.execPath, ["run.js", footage(name), output], { cwd: folder, env: {} });

      const expected = remux(new Uint8Array(fs.readFileSync(footage(name))));
      expect(Buffer.compare(fs.readFileSync(`${output}.mp4`), expected.mp4)).to.equal(0);
      expect(Buffer.compare(fs.readFileSync(`${output}.mkv`), expected.mkv)).to.equal(0);
    });
  }

  it("refuses bad bytes with the same error as the source does", () => {
    const garbage = path.join(folder, "garbage");
    fs.writeFileSync(garbage, "GET / HTTP/1.1");
    const script = `
      try { require("./__index.js").handler(new Uint8Array(require("node:fs").readFileSync("garbage"))); }
      catch (error) { console.log(error.code, error.offset, error.message, error instanceof Error); }`;

    const said = execFileSync(process.execPath, ["-e", script], { cwd: folder, env: {}, encoding: "utf8" });

    expect(said).to.match(
      /^INVALID_MATROSKA 0 Invalid Matroska at byte 0: expected an EBML header .*\. true\n$/,
    );
  });
});
