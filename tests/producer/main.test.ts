import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";
import { startCloud } from "../../local/cloud";
import type { MatroskaEvent } from "../../media/matroska";
import { makeMatroskaReader } from "../../media/matroskaReader";
import { footage } from "../support/footage";
import { ackLine, type FakeService, serveFake } from "./fakeService";

const root = path.join(__dirname, "..", "..");

interface Run {
  child: ChildProcess;
  /** What it has written so far. */
  output: { stdout: string; stderr: string };
  /** Resolves when standard output matches. */
  said(pattern: RegExp): Promise<void>;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** The command as `npm run camera` starts it, without credentials of the machine's own. */
function camera(...args: string[]): Run {
  const command = ["-r", "ts-node/register/transpile-only", "producer/main.ts", ...args];
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, command, { cwd: root, env: { PATH, HOME } });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  return {
    child,
    output,
    said: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          if (pattern.test(output.stdout)) resolve();
        };
        child.stdout.on("data", look);
        look();
      }),
    ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, ...output }))),
  };
}

describe("npm run camera", () => {
  const services: FakeService[] = [];
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
  });

  /** A service that persists everything. */
  async function serve(): Promise<string> {
    const service = await serveFake((request, response) => {
      const reader = makeMatroskaReader();
      let timecodeMs = 0;
      const take = (event: MatroskaEvent) => {
        if (event.kind === "cluster") timecodeMs = event.timecode;
        if (event.kind === "clusterEnd") response.write(ackLine("PERSISTED", timecodeMs));
      };
      response.flushHeaders();
      request.on("data", (chunk: Buffer) => reader.push(chunk).forEach(take));
      request.on("end", () => response.end());
      request.on("error", () => response.destroy());
    });
    services.push(service);
    return service.url;
  }

  const clock = footage("clock.mkv");

  it("sends a file, tells of each fragment in a line, and sums up", async () => {
    const endpoint = await serve();

    const { code, stdout, stderr } = await camera(
      clock,
      "--stream",
      "gate",
      "--endpoint",
      endpoint,
      "--speed",
      "30",
    ).ended;

    const lines = stdout.trimEnd().split("\n");
    expect(code, stderr).to.equal(0);
    expect(lines.shift()).to.match(/stand-in key pair/);
    expect(lines.shift()).to.equal(`connected to ${endpoint}`);
    expect(lines.pop()).to.match(
      /^15 fragments persisted \(30\.0 s, \d+ kB\), 0 .* 0 skipped, 0 not confirmed/,
    );
    expect(lines).to.have.length(15);
    for (const line of lines) expect(line).to.match(/^persisted \d{4}-\S+Z \(2\.0 s, \d+ kB\) 9134\d+$/);
  });

  it("sends what comes in on standard input", async () => {
    const endpoint = await serve();
    const run = camera("-", "--stream", "gate", "--endpoint", endpoint, "--speed", "30");

    fs.createReadStream(footage("garden.mkv")).pipe(run.child.stdin!);
    const { code, stdout } = await run.ended;

    expect(code).to.equal(0);
    expect(stdout).to.match(/15 fragments persisted \(30\.0 s/);
  });

  it("finishes its fragment on the first Ctrl-C and sums up", async () => {
    const endpoint = await serve();
    const run = camera(clock, "--loop", "--stream", "gate", "--endpoint", endpoint, "--speed", "30");
    await run.said(/^persisted/m);

    run.child.kill("SIGINT");
    const { code, stdout } = await run.ended;

    expect(code).to.equal(0);
    expect(stdout).to.match(/Finishing the fragment/);
    expect(stdout).to.match(/0 skipped, 0 not confirmed, 1 connection\n$/);
  });

  it("ends at once on the second Ctrl-C, and does not call that a success", async () => {
    const endpoint = await serve();
    const run = camera(clock, "--stream", "gate", "--endpoint", endpoint, "--speed", "0.1");
    await run.said(/^connected/m);

    run.child.kill("SIGINT");
    await run.said(/Press Ctrl-C again/);
    run.child.kill("SIGINT");
    const { code, stdout } = await run.ended;

    expect(code).to.equal(1);
    expect(stdout).to.match(/1 not confirmed/);
  });

  const nowhere = "http://127.0.0.1:1";
  const mistakes: { name: string; args: string[]; stderr: RegExp }[] = [
    {
      name: "a missing file",
      args: ["nowhere.mkv", "--stream", "gate", "--endpoint", nowhere],
      stderr:
        /^There is no file nowhere\.mkv: give the path of a Matroska file, or - for standard input\.\n$/,
    },
    {
      name: "a file that is not Matroska",
      args: ["package.json", "--stream", "gate", "--endpoint", nowhere],
      stderr: /^package\.json is not Matroska that can be sent: .*expected an EBML header.*\n$/,
    },
    {
      name: "a port where nothing listens",
      args: [clock, "--stream", "gate", "--endpoint", nowhere],
      stderr: /^Nothing answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\): start it \(npm run local\).*\n$/,
    },
    {
      name: "no stream named",
      args: [clock],
      stderr: /^error: required option '--stream <name>' not specified\n\nUsage: npm run camera -- /,
    },
    {
      name: "an option that is not known",
      args: [clock, "--stream", "gate", "--fast"],
      stderr: /^error: unknown option '--fast'\n[\s\S]*Usage:/,
    },
    {
      name: "an endpoint that is no URL",
      args: [clock, "--stream", "gate", "--endpoint", "localhost"],
      stderr: /Write a URL, for example http:\/\/127\.0\.0\.1:4566\.\n[\s\S]*Usage:/,
    },
    {
      name: "a speed of nothing",
      args: [clock, "--stream", "gate", "--speed", "0"],
      stderr: /Write a positive number, for example 12\.\n[\s\S]*Usage:/,
    },
    {
      name: "standard input that is to be looped",
      args: ["-", "--loop", "--stream", "gate"],
      stderr: /standard input cannot be read again: no --loop\n[\s\S]*Usage:/,
    },
  ];
  for (const { name, args, stderr } of mistakes) {
    it(`says what is wrong and ends with 1: ${name}`, async () => {
      const ended = await camera(...args).ended;

      expect(ended.code).to.equal(1);
      expect(ended.stderr).to.match(stderr);
    });
  }

  it("is let in by a local cloud without credentials", async () => {
    const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "camera-"));
    const cloud = await startCloud({ dataDir });

    const { stderr } = await camera(clock, "--stream", "gate", "--endpoint", cloud.url).ended;

    await cloud.close();
    fs.rmSync(dataDir, { recursive: true });
    expect(stderr).to.match(/^The stream gate does not exist/);
  });

  it("says that a stream does not exist, and ends with 1", async () => {
    const service = await serveFake((_request, response) => {
      response.writeHead(404, { "x-amzn-ErrorType": "ResourceNotFoundException" }).end(`{"Message":"none"}`);
    });
    services.push(service);

    const { code, stderr } = await camera(clock, "--stream", "gate", "--endpoint", service.url).ended;

    expect(code).to.equal(1);
    expect(stderr).to.match(/^The stream gate does not exist \(.*\): create it, or check --stream.*\n$/);
  });
});
