import * as fs from "node:fs";
import { expect } from "chai";
import type { FaultRule } from "../../../local/core/faultRules";
import type { Strike } from "../../../local/core/faults";
import type { RunningCommand } from "../../support/command";
import { inventory } from "./inventory";
import {
  acknowledgedBy,
  type EventCloud,
  fragmentsIn,
  OPERATION_MS,
  startEventCloud,
  type TestCamera,
} from "./support";

/** kill -9 of a command, and of everything that it runs, as when the machine goes down. */
function crash({ process: { pid = 0 } }: RunningCommand, { withMachine }: { withMachine: boolean }): void {
  const all = withMachine ? withDescendants(pid) : [pid];
  for (const one of all) process.kill(one, "SIGKILL");
}

function withDescendants(pid: number): number[] {
  const children = fs
    .readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  return [pid, ...children.flatMap((child) => withDescendants(Number(child)))];
}

/** Ctrl-C, which a terminal tells the command and all that it runs. */
async function interruptedAt(line: RegExp, command: RunningCommand) {
  await command.prints(line);
  process.kill(-(command.process.pid ?? 0), "SIGINT");
  return command.ended;
}

describe("an event whose tool dies", function () {
  this.timeout(OPERATION_MS);
  let cloud: EventCloud;
  let camera: TestCamera;
  let onStrike: (strike: Pick<Strike, "rule">) => void = () => undefined;
  before(async function () {
    cloud = await startEventCloud(this, { onStrike: (strike) => onStrike(strike) });
  });
  after(() => cloud?.close());

  /** Runs a command whose machine goes down at the moment when AWS is told to make something, which it does. */
  const crashAt = (service: string, action: string, args: string[]) =>
    crashAtStrike([{ service, action, times: 1, cut: "after" }], args, { withMachine: true });

  /** Runs a command that dies when the first of these rules strikes. */
  async function crashAtStrike(rules: FaultRule[], args: string[], how: { withMachine: boolean }) {
    const command = cloud.event(args);
    const struck = new Promise<void>((resolve) => {
      onStrike = ({ rule }) => {
        if (rule !== 0) return;
        crash(command, how);
        onStrike = () => undefined;
        resolve();
      };
    });
    cloud.cloud.faults.use({ rules });
    await Promise.race([
      struck,
      command.ended.then(({ stderr }) =>
        Promise.reject(new Error(`nothing called ${rules[0]?.action}: ${stderr}`)),
      ),
    ]);
    await command.ended;
  }

  const start = ["start", "derby", "--streams", "gate", "--clip", "10"];

  it("in the middle of start, with the machine, again and again: resume takes stale locks away and makes nothing twice", async () => {
    await crashAt("sqs", "CreateQueue", start);
    const afterCrash = await cloud.phaseOf("derby");
    const locks = await cloud.leftovers();
    await crashAt("states", "CreateStateMachine", ["resume", "derby"]);
    await crashAt("events", "PutTargets", start);

    const { code, stdout, stderr } = await cloud.done(["resume", "derby"]);

    expect([afterCrash, code], stderr).to.deep.equal(["starting", 0]);
    expect(locks.join(), "a lock was left").to.match(/event-\d{8}-derby\/[0-9a-f-]+\.json/);
    expect(stderr)
      .to.match(/ended in the middle of its work/)
      .and.to.match(/lock is that of an engine that is gone/);
    expect(stdout).to.match(/^derby runs: 1 camera/);
    const made = (await inventory(cloud.cloud)).map((name) => name.replace(/-[0-9a-f]{7}$/, ""));
    expect(made.filter((name, index) => made.indexOf(name) < index)).to.deep.equal([]);
  });

  it("in the middle of draining, when Drain has archived a clip of several and the others none", async () => {
    const othersAreOff = ["recorder", "reconciler"].map((name) => ({
      service: "s3",
      action: "*",
      caller: `*/${name}-*`,
      fail: { code: "AccessDenied", status: 403 },
    }));
    cloud.cloud.faults.use({ rules: othersAreOff });
    camera = await cloud.film("derby-gate");
    await camera.has(40);
    await camera.stop();
    const where = { Key: "*/clips/*" };
    const secondClip = { service: "s3", action: "PutObject", where, caller: "*/drain-*", calls: [2] };

    await crashAtStrike([{ ...secondClip, cut: "after" }, ...othersAreOff], ["stop", "derby"], {
      withMachine: false,
    });

    expect(await cloud.phaseOf("derby")).to.equal("stopping");
    expect(await cloud.manifest("derby").catch(({ name }) => name)).to.equal("NoSuchKey");
  });

  it("in the middle of destroy, while its engine goes on: resume has drained the rest, waits for it and ends what is left", async () => {
    const stopping = cloud.event(["resume", "derby"]);
    await stopping.prints(/removing the stack/);
    crash(stopping, { withMachine: false });
    await stopping.ended;
    const afterCrash = await cloud.phaseOf("derby");
    const drained = await cloud.manifest("derby");

    const { code, stdout, stderr } = await cloud.done(["resume", "derby"]);

    expect([afterCrash, code], stderr).to.deep.equal(["destroying", 0]);
    expect(stdout).to.match(/^derby is stopped: complete/);
    expect(fragmentsIn(drained)).to.deep.equal(acknowledgedBy(camera));
    expect(fragmentsIn(await cloud.manifest("derby"))).to.deep.equal(acknowledgedBy(camera));
    // What a killed process had for itself alone is not for others to remove.
    const ofTheKilled = /^lastframe-event-|-workspace\.json$/;
    expect((await cloud.leftovers()).filter((left) => !ofTheKilled.test(left))).to.deep.equal([]);
  });

  it("by Ctrl-C, and then with its machine: stop removes also what nobody knew to be there", async () => {
    const before = await inventory(cloud.cloud);
    const inTerminal = (...args: string[]) => cloud.event(args, {}, true);
    const starting = await interruptedAt(
      /making the stack/,
      inTerminal("start", "dash", "--streams", "gate"),
    );
    await crashAt("kinesisvideo", "CreateStream", ["resume", "dash"]);
    const stopping = await interruptedAt(/removing the stack/, inTerminal("stop", "dash", "--json"));

    const { code, stdout, stderr } = await cloud.done(["stop", "dash"]);

    const goOn = "interrupted; `lastframe event resume dash` goes on from there";
    expect([starting.code, starting.stdout], starting.stderr).to.deep.equal([130, ""]);
    expect(starting.stderr.trimEnd().split("\n").at(-1)).to.equal(`error: ${goOn}`);
    expect(stopping.code, stopping.stderr).to.equal(130);
    expect(JSON.parse(stopping.stdout)).to.deep.equal({
      error: goOn,
      ending: "interrupted",
      exitCode: 130,
      resume: "lastframe event resume dash",
    });
    expect(code, stderr).to.equal(0);
    expect(stderr).not.to.match(/lock is that of an engine/);
    expect(stdout).to.match(/^dash is stopped: silent/);
    expect(await inventory(cloud.cloud)).to.deep.equal(before);
  });
});
