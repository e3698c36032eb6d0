import { execFile, execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { acknowledgedBy, fragmentsIn, OPERATION_MS, startEventCloud } from "./event/support";

const root = path.join(__dirname, "..", "..");

/** Runs a program to its end; answers its exit code and what it printed. */
function run(file: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  return new Promise<{ code: number | string; text: string }>((resolve) => {
    execFile(file, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, text: stdout + stderr }),
    );
  });
}

describe("lastframe, installed from a packed tarball", function () {
  this.timeout(OPERATION_MS);
  let folder: string;
  let packages: string;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-package-"));
    packages = path.join(folder, "node_modules");
    execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: root, stdio: "pipe" });
    const [tarball = ""] = fs.readdirSync(folder).filter((name) => name.endsWith(".tgz"));
    fs.mkdirSync(path.join(packages, "lastframe"), { recursive: true });
    const into = ["--strip-components=1", "-C", path.join(packages, "lastframe")];
    execFileSync("tar", ["-xzf", path.join(folder, tarball), ...into]);
    linkDependencies();
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** What `npm install` of the tarball would put beside it: the dependencies, theirs too, and nothing for development. */
  function linkDependencies(): void {
    const { packages: locked } = JSON.parse(
      fs.readFileSync(path.join(root, "package-lock.json"), "utf8"),
    ) as {
      packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
    };
    for (const [place, { dev, devOptional }] of Object.entries(locked)) {
      const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place)?.[1];
      if (!name || dev || devOptional || !fs.existsSync(path.join(root, place))) continue;
      fs.mkdirSync(path.dirname(path.join(packages, name)), { recursive: true });
      fs.symlinkSync(path.join(root, place), path.join(packages, name));
    }
  }

  const lastframe = (args: string[], env: Record<string, string> = {}) => {
    const { bin } = JSON.parse(fs.readFileSync(path.join(packages, "lastframe", "package.json"), "utf8"));
    const file = path.join(packages, "lastframe", bin.lastframe);
    // Packages are looked for where they were linked to, and so not among those of this project.
    const nodeOptions = "--preserve-symlinks --preserve-symlinks-main";
    const elsewhere =
      fs.mkdirSync(path.join(folder, "elsewhere"), { recursive: true }) ?? path.join(folder, "elsewhere");
    return run(process.execPath, [...nodeOptions.split(" "), file, ...args], elsewhere, env);
  };

  it("says what it can do, from any folder", async () => {
    const { code, text } = await lastframe(["event", "--help"]);

    expect(code).to.equal(0);
    expect(text)
      .to.match(/start \[options\] <NAME>/)
      .and.to.match(/sweep \[options\]/);
  });

  it("has everything that a stack is made of, and what serializes its functions", async () => {
    const program = path.join(packages, "lastframe", "dist", "infra", "functionCode.js");
    const handler = path.join(packages, "lastframe", "dist", "handlers", "archiveClip.js");
    const script = `
      const { functionCode } = require(${JSON.stringify(program)});
      const { archiveClip } = require(${JSON.stringify(handler)});
      require(${JSON.stringify(path.join(packages, "lastframe", "dist", "automation", "event", "eventProgram.js"))});
      Promise.resolve(functionCode(archiveClip).assets)
        .then((assets) => assets["__index.js"].text)
        .then((text) => console.log(text));
    `;

    const file = path.join(folder, "serialize.js");
    fs.writeFileSync(file, script);

    const { code, text } = await run(
      process.execPath,
      ["--preserve-symlinks", "--preserve-symlinks-main", file],
      folder,
    );

    expect(code, text).to.equal(0);
    expect(text.length).to.be.above(10_000);
    expect(
      text.match(/require\("[^"]+"\)/g)?.filter((one) => !/"@aws-sdk\/|"(node:)?\w+(\/\w+)?"/.test(one)),
    ).to.deep.equal([]);
  });

  it("ends with 64 and one line at what it cannot read", async () => {
    const { code, text } = await lastframe(["event", "start", "derby", "--cameras", "0"]);

    expect([code, text]).to.deep.equal([64, "error: [--cameras] is 0; write a whole number from 1 to 100\n"]);
  });

  it("records an event, from any folder and to its manifest", async function () {
    const cloud = await startEventCloud(this);
    try {
      const started = await lastframe(["event", "start", "derby", "--streams", "gate"], cloud.env);
      const camera = await cloud.film("derby-gate");
      await camera.has(5);
      await camera.stop();

      const stopped = await lastframe(["event", "stop", "derby"], cloud.env);

      expect([started.code, stopped.code], started.text + stopped.text).to.deep.equal([0, 0]);
      expect(stopped.text).to.match(/^derby is stopped: complete\n/);
      expect(fragmentsIn(await cloud.manifest("derby"))).to.deep.equal(acknowledgedBy(camera));
      const settings = path.join("elsewhere", `event-${await cloud.idOf("derby")}`, "gate.json");
      expect(JSON.parse(fs.readFileSync(path.join(folder, settings), "utf8")).stream).to.equal("derby-gate");
      expect(await cloud.leftovers()).to.deep.equal([]);
    } finally {
      await cloud.close();
    }
  });

  it("carries neither tests nor sources", () => {
    const files = fs.readdirSync(path.join(packages, "lastframe"), { recursive: true, encoding: "utf8" });

    // npm packs what `main` names, which Pulumi reads.
    expect(files.filter((file) => /\.ts$|^tests/.test(file))).to.deep.equal(["index.ts"]);
  });
});
