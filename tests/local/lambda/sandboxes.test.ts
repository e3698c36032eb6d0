import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { expect } from "chai";
import { makeManualClock } from "../../support/manualClock";
import { refusalOf } from "../../support/refusalOf";
import { type ServedLambda, serveLambda } from "./support";

const PID = "exports.handler = async () => process.pid;";

/** A process's state as `ps` has it: empty when there is none, `Z` when its parent has not noticed its end. */
const stateOf = (pid: number) =>
  spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
const isRunning = (pid: number) => /^[^Z]/.test(stateOf(pid));

/** Whether the process ends by itself, given ten seconds; it is ended in any case. */
async function ends(pid: number): Promise<boolean> {
  for (let turn = 0; turn < 1000 && isRunning(pid); turn++) await sleep(10);
  if (!isRunning(pid)) return true;
  process.kill(pid, "SIGKILL");
  return false;
}

describe("local Lambda: sandboxes", () => {
  let cloud: ServedLambda;
  let dataDir: string;
  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-"));
  });
  afterEach(async () => {
    await cloud.close();
    fs.rmSync(dataDir, { recursive: true });
  });

  const invoke = async (name: string, event: unknown = {}, more: object = {}) => {
    const answer = await cloud.client.send(
      new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...more }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString();
    return { ...answer, value: text ? JSON.parse(text) : undefined };
  };

  it("ends every process when the service closes", async () => {
    cloud = await serveLambda();
    await cloud.create("f", PID);
    const { value: pid } = await invoke("f");

    await cloud.lambda.close();

    expect(isRunning(pid)).to.equal(false);
  });

  it("answers more calls than the machine has room for, with no more processes than that", async () => {
    cloud = await serveLambda();
    await cloud.create(
      "f",
      "exports.handler = () => new Promise((done) => setTimeout(done, 20, process.pid));",
    );
    const room = Math.max(16, 4 * os.availableParallelism());

    const answers = await Promise.all(Array.from({ length: 2 * room }, () => invoke("f")));

    const pids = answers.map(({ value }) => value);
    expect(pids.every((pid) => pid > 0)).to.equal(true);
    expect(new Set(pids).size).to.be.at.most(room);
  }).timeout(120_000);

  it("leaves no process behind when the cloud is killed", async () => {
    cloud = await serveLambda();
    const host = spawn(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", path.join(__dirname, "host.ts"), dataDir],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(host.stdout.setEncoding("utf8"), "data")) as [string];
    const pid = Number(line);
    const alive = isRunning(pid);

    host.kill("SIGKILL");

    const ended = await ends(pid);
    expect({ alive, ended }).to.deep.equal({ alive: true, ended: true });
  });

  it("ends what a function started, with the function", async () => {
    cloud = await serveLambda();
    const source = `const { spawn } = require("node:child_process");
      exports.handler = async () => {
        console.log(spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]).pid);
        await new Promise(() => {});
      };`;
    await cloud.create("starter", source, { Timeout: 1 });

    await invoke("starter");

    const pid = Number(/INFO\t(\d+)/.exec(cloud.logLines.map(({ message }) => message).join(""))?.[1]);
    expect(pid).to.be.greaterThan(0);
    expect(await ends(pid)).to.equal(true);
  });

  it("replaces a sandbox whose credentials would end before its function could", async () => {
    cloud = await serveLambda({ credentialsLastMs: 300_000 });
    await cloud.create("short", PID, { Timeout: 30 });
    await cloud.create("long", PID, { Timeout: 600 });

    const pids: number[] = [];
    for (const name of ["short", "short", "long", "long"]) pids.push((await invoke(name)).value);

    expect(pids[1]).to.equal(pids[0]);
    expect(pids[3]).not.to.equal(pids[2]);
  });

  it("answers from a new sandbox after one was killed", async () => {
    cloud = await serveLambda();
    await cloud.create("f", PID);
    const { value: pid } = await invoke("f");
    process.kill(pid, "SIGKILL");
    while (stateOf(pid) !== "") await sleep(10);

    const next = await invoke("f");

    expect(next.FunctionError).to.equal(undefined);
    expect(next.value).not.to.equal(pid);
  });

  it("throttles beyond a function's reserved concurrency", async () => {
    cloud = await serveLambda();
    await cloud.create("f", PID);
    const reserve = (ReservedConcurrentExecutions: number) =>
      cloud.client.send(
        new PutFunctionConcurrencyCommand({ FunctionName: "f", ReservedConcurrentExecutions }),
      );
    await reserve(0);

    const error = await refusalOf(invoke("f"));
    await reserve(5);
    const kept = await cloud.client.send(new GetFunctionConcurrencyCommand({ FunctionName: "f" }));
    const served = await invoke("f");
    await cloud.client.send(new DeleteFunctionConcurrencyCommand({ FunctionName: "f" }));
    const none = await cloud.client.send(new GetFunctionConcurrencyCommand({ FunctionName: "f" }));

    expect(error.name).to.equal("TooManyRequestsException");
    expect(error).to.include({ Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" });
    expect(served.FunctionError).to.equal(undefined);
    expect(kept.ReservedConcurrentExecutions).to.equal(5);
    expect(none.ReservedConcurrentExecutions).to.equal(undefined);
  });

  it("answers a dry run without running the function", async () => {
    cloud = await serveLambda();
    await cloud.create("f", PID);

    const { StatusCode } = await invoke("f", {}, { InvocationType: "DryRun" });

    expect(StatusCode).to.equal(204);
    expect(cloud.logLines).to.deep.equal([]);
  });

  it("accepts an event at once and tries it three times before the dead letter", async () => {
    const clock = makeManualClock();
    cloud = await serveLambda({ clock: clock.clock });
    const DeadLetterConfig = { TargetArn: "arn:aws:sqs:us-east-1:123456789012:lost" };
    await cloud.create("f", "exports.handler = async () => { throw new Error('no'); };", {
      DeadLetterConfig,
    });

    const { StatusCode, $metadata } = await invoke("f", { n: 1 }, { InvocationType: "Event" });
    const reports = () => cloud.logLines.filter(({ message }) => message.startsWith("REPORT")).length;
    const reportsByWait: number[] = [];
    for (const waitMs of [0, 60_000, 120_000]) {
      await clock.advance(waitMs);
      const before = reportsByWait.at(-1) ?? 0;
      while (reports() === before) await sleep(5);
      reportsByWait.push(reports());
    }
    while (cloud.deadLetters.length === 0) await sleep(5);

    expect(StatusCode).to.equal(202);
    expect(reportsByWait).to.deep.equal([1, 2, 3]);
    expect(cloud.deadLetters[0]).to.deep.include({ arn: DeadLetterConfig.TargetArn, payload: '{"n":1}' });
    expect(cloud.deadLetters[0]?.messageAttributes).to.deep.equal({
      RequestID: $metadata.requestId,
      ErrorCode: "200",
      ErrorMessage: "no",
    });
  });

  it("keeps functions and waiting events over a restart", async () => {
    const clock = makeManualClock();
    cloud = await serveLambda({ clock: clock.clock, dataDir });
    await cloud.create("f", "exports.handler = async (event) => { console.log('got', event.n); };");
    await invoke("f", { n: 7 }, { InvocationType: "Event" });
    await cloud.close();

    cloud = await serveLambda({ clock: clock.clock, dataDir });
    await clock.advance(0);

    const messages = () => cloud.logLines.map(({ message }) => message).join("");
    while (!messages().includes("got 7")) await sleep(5);
  });
});
