import { expect } from "chai";
import { type EventStatus, statusText, watchStatus } from "../../../automation/event/status";

/** An event as of some second, with so many cameras. */
const eventWith = (second: number, cameraCount: number): EventStatus => ({
  event: "20261122-derby",
  name: "derby",
  phase: "running",
  asOf: `2026-11-22T14:00:0${second}.000Z`,
  endsAt: "2026-11-22T20:00:00.000Z",
  secondsLeft: 21_600 - second,
  cameras: Array.from({ length: cameraCount }, (_, index) => ({
    camera: `camera-0${index + 1}`,
    stream: `derby-camera-0${index + 1}`,
    activity: "silent",
    acknowledged: 0,
    archived: 0,
    lagSeconds: 0,
    gaps: [],
  })),
});

/** A terminal that knows two orders, cursor home and erase all, and shows what one would see on it. */
function makeTerminal() {
  const rows: string[] = [];
  let row = 0;

  function print(text: string): void {
    for (const [index, line] of text.split("\n").entries()) {
      if (index > 0) row += 1;
      if (line) rows[row] = line + (rows[row] ?? "").slice(line.length);
    }
  }

  function write(text: string): void {
    const [before = "", ...orders] = text.split("\x1b[");
    print(before);
    for (const order of orders) {
      const [, name, after = ""] = /^(H|2J)(.*)$/s.exec(order) ?? [];
      if (name === "H") row = 0;
      else if (name === "2J") rows.length = 0;
      else throw new Error(`this terminal does not know the order ${order}`);
      print(after);
    }
  }

  return { write, screen: () => rows.join("\n") };
}

/** Watches these looks on a terminal, to the last of them; answers what is on its screen after each. */
async function watch(looks: EventStatus[], { isJson }: { isJson: boolean }): Promise<string[]> {
  const terminal = makeTerminal();
  const off = new AbortController();
  const waiting = [...looks];
  const screens: string[] = [];
  const out = {
    isTTY: true,
    write(text: string) {
      terminal.write(text);
      screens.push(terminal.screen());
      if (waiting.length === 0) off.abort();
    },
  };
  const look = async () => waiting.shift() ?? eventWith(9, 0);
  await watchStatus(look, { out, isJson, signal: off.signal });
  return screens;
}

describe("lastframe event status --watch", function () {
  this.timeout(60_000);
  const looks = [eventWith(1, 3), eventWith(3, 1)];

  it("shows each look in place of the one before on a terminal, with nothing left of it", async () => {
    const screens = await watch(looks, { isJson: false });

    expect(screens).to.deep.equal(looks.map(statusText));
  });

  it("tells a program each look in one line below the others, on a terminal too", async () => {
    const [, all = ""] = await watch(looks, { isJson: true });

    expect(all.split("\n").map((line) => JSON.parse(line))).to.deep.equal(looks);
  });
});
