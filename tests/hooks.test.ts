import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { runCommand } from "./support/command";

describe("the tests' root hook", () => {
  it("fails the test during which a rejection went unhandled, in every file that a worker runs", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "hooks-"));
    const losesRejection = 'it("loses a rejection", async () => void Promise.reject(new Error("lost")));';
    const names = ["a.js", "b.js", "c.js"];
    await Promise.all(names.map((name) => writeFile(path.join(folder, name), losesRejection)));

    const files = names.map((name) => path.join(folder, name));
    const mocha = runCommand("node_modules/mocha/bin/mocha.js", ["--parallel", "--jobs", "2", ...files]);
    const { stdout } = await mocha.ended;
    await rm(folder, { recursive: true });

    expect(stdout).to.match(/3 failing/);
  });
});
