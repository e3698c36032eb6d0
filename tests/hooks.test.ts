import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { runCommand } from "./support/command";

describe("the tests' root hook", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "hooks-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("fails the run whose tests leave something in the temporary folder", async () => {
    const file = path.join(folder, "leaves.js");
    await writeFile(
      file,
      'it("leaves", () => require("fs").mkdirSync(require("path").join(require("os").tmpdir(), "left")));',
    );

    const mocha = runCommand("node_modules/mocha/bin/mocha.js", ["--parallel", file]);
    const { code, stdout, stderr } = await mocha.ended;

    expect(stdout).to.match(/1 passing/);
    expect(stderr).to.include("tests left temporary folders or files: left");
    expect(code).to.equal(1);
  });

  it("fails the test during which a rejection went unhandled, in every file that a worker runs", async () => {
    const losesRejection = 'it("loses a rejection", async () => void Promise.reject(new Error("lost")));';
    const names = ["a.js", "b.js", "c.js"];
    await Promise.all(names.map((name) => writeFile(path.join(folder, name), losesRejection)));

    const files = names.map((name) => path.join(folder, name));
    const mocha = runCommand("node_modules/mocha/bin/mocha.js", ["--parallel", "--jobs", "2", ...files]);
    const { stdout } = await mocha.ended;

    expect(stdout).to.match(/3 failing/);
  });
});
