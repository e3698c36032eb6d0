import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { runtime } from "@pulumi/pulumi";
import { expect } from "chai";
import { type Mp4Summary, makeMp4Reader } from "../../media/mp4Reader";
import { footageBytes, framesOf, mp4File, ofKind, readAll, realFootage } from "./support";

function summarize(file: Uint8Array): Mp4Summary {
  const reader = makeMp4Reader();
  for (let at = 0; at < file.length; at += 50_000) reader.push(file.subarray(at, at + 50_000));
  return reader.end();
}

/** Runs what the serialized function would be in AWS: its text alone, with no packages in reach. */
const runner = `
  const file = new Uint8Array(require("node:fs").readFileSync(process.argv[2]));
  try { console.log(JSON.stringify(require("./__index.js").handler(file))); }
  catch (error) { console.log(error.code, error.offset, error.message, error instanceof Error); }
`;

describe("the MP4 reader in a serialized closure", () => {
  let folder: string;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "serialized-"));
    const { text } = await runtime.serializeFunction(summarize);
    fs.writeFileSync(path.join(folder, "__index.js"), text);
    fs.writeFileSync(path.join(folder, "run.js"), runner);
  });

  after(() => fs.rmSync(folder, { recursive: true }));

  function run(file: Uint8Array): string {
    fs.writeFileSync(path.join(folder, "clip.mp4"), file);
    return execFileSync(process.execPath, ["run.js", "clip.mp4"], {
      cwd: folder,
      env: {},
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
  }

  for (const name of realFootage) {
    it(`reads of ${name} what the source reads`, () => {
      const events = readAll(footageBytes(name));
      const file = mp4File(ofKind(events, "tracks")[0]!.tracks, framesOf(events));

      const said = run(file);

      expect(JSON.parse(said)).to.deep.equal(summarize(file));
    });
  }

  it("refuses bad bytes with the same error as the source does", () => {
    const said = run(Buffer.from("GET / HTTP/1.1"));

    expect(said).to.match(/^INVALID_MP4 0 Invalid MP4 at byte 0: expected an ftyp box, .*\. true\n$/);
  });
});
