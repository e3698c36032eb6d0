import * as fs from "node:fs";
import { expect } from "chai";
import type { RunningCommand } from "../../support/command";
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

describe("an event whose tool dies", function () {
  this.timeout(OPERATION_MS);
  let cloud: EventCloud;
  let camera: TestCamera;
  before(async function () {
    cloud = await startEventCloud(this);
  });
  after(() => cloud?.close());

  const phase = async () => {
    const { events } = JSON.parse((await cloud.done(["list", "--json"])).stdout);
    return events[0]?.phase;
  };

  it("in the middle of start, with the machine: resume takes the stale lock away and finishes the stack", async () => {
    const starting = cloud.event(["start", "derby", "--streams", "gate"]);
    await starting.prints(/Recorder \d+ of \d+/);
    crash(starting, { withMachine: true });
    await starting.ended;
    const afterCrash = await phase();
    const locks = await cloud.leftovers();

    const { code, stdout, stderr } = await cloud.done(["resume", "derby"]);

    expect([afterCrash, code], stderr).to.deep.equal(["starting", 0]);
    expect(locks.join(), "a lock was left").to.match(/event-\d{8}-derby\/[0-9a-f-]+\.json/);
    expect(stderr)
      .to.match(/ended in the middle of its work/)
      .and.to.match(/lock is that of an engine that is gone/);
    expect(stdout).to.match(/^derby runs: 1 camera/);
    camera = await cloud.film("derby-gate");
    await camera.has(25);
    await camera.stop();
  });

  it("in the middle of draining: resume drains the rest", async () => {
    const stopping = cloud.event(["stop", "derby"]);
    await stopping.prints(/cannot be connected any more|archiving/);
    crash(stopping, { withMachine: false });
    await stopping.ended;

    expect(await phase()).to.equal("stopping");
  });

  it("in the middle of destroy, while its engine goes on: resume waits for it and ends what is left", async () => {
    const stopping = cloud.event(["resume", "derby"]);
    await stopping.prints(/removing the stack/);
    crash(stopping, { withMachine: false });
    await stopping.ended;
    const afterCrash = await phase();

    const { code, stdout, stderr } = await cloud.done(["resume", "derby"]);

    expect([afterCrash, code], stderr).to.deep.equal(["destroying", 0]);
    expect(stdout).to.match(/^derby is stopped: complete/);
    expect(fragmentsIn(await cloud.manifest("derby"))).to.deep.equal(acknowledgedBy(camera));
    // What a killed process had for itself alone is not for others to remove.
    const ofTheKilled = /^lastframe-event-|-workspace\.json$/;
    expect((await cloud.leftovers()).filter((left) => !ofTheKilled.test(left))).to.deep.equal([]);
  });
});
