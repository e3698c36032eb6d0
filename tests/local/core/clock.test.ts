import { expect } from "chai";
import { every, makeClock } from "../../../local/core/clock";
import { makeManualClock } from "../../support/manualClock";

const HOUR_MS = 3_600_000;

describe("the cloud's clock", () => {
  it("goes on without a jump when its speed changes, and ends at once what it has caught up with", async () => {
    const clock = makeClock({ speed: 1, startMs: 1_000 });
    const hour = clock.sleep(HOUR_MS);
    const atFirst = clock.nowMs();

    clock.setSpeed(HOUR_MS * 100);
    await hour;
    const afterwards = clock.nowMs();

    expect(atFirst).to.be.within(1_000, HOUR_MS - 1);
    expect(afterwards).to.be.at.least(HOUR_MS + atFirst);
    expect(clock.speed).to.equal(HOUR_MS * 100);
  });

  it("does not wake who has been cancelled, whatever its speed becomes", async () => {
    const clock = makeClock();
    const woken: string[] = [];
    const cancel = clock.after(HOUR_MS, () => woken.push("cancelled"));
    const last = new Promise<void>((resolve) => {
      clock.after(2 * HOUR_MS, () => {
        woken.push("last");
        resolve();
      });
    });
    cancel();

    clock.setSpeed(HOUR_MS * 100);
    await last;

    expect(woken).to.deep.equal(["last"]);
  });

  it("runs a task every period, until it is ended", async () => {
    const { clock, advance } = makeManualClock(0);
    const timesMs: number[] = [];

    const end = every(clock, 1000, () => timesMs.push(clock.nowMs()));
    await advance(3500);
    end();
    await advance(3000);

    expect(timesMs).to.deep.equal([1000, 2000, 3000]);
  });

  it("refuses a speed that is none", () => {
    expect(() => makeClock().setSpeed(0)).to.throw("[speed] is 0; write a positive number, for example 12");
  });
});
