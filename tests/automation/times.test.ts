import { expect } from "chai";
import { parseInstant } from "../../automation/times";

const now = Date.UTC(2026, 10, 23, 9, 30);

describe("a time on the command line", () => {
  for (const [text, iso] of [
    ["14:03", "2026-11-23T14:03:00.000Z"],
    ["14:03:05", "2026-11-23T14:03:05.000Z"],
    ["2026-11-22", "2026-11-22T00:00:00.000Z"],
    ["2026-11-22T14:03", "2026-11-22T14:03:00.000Z"],
    ["2026-11-22T14:03:05.5Z", "2026-11-22T14:03:05.500Z"],
    ["2026-11-22T15:03:00+01:00", "2026-11-22T14:03:00.000Z"],
  ] as const) {
    it(`is ${iso} when written ${text}`, () => {
      const timeMs = parseInstant(text, now);

      expect(new Date(timeMs ?? 0).toISOString()).to.equal(iso);
    });
  }

  for (const text of [
    "",
    "now",
    "1400",
    "14",
    "24:61",
    "2026-13-01",
    "2026-02-30",
    "2026-11-22 14:03",
    "22.11.2026",
  ]) {
    it(`is none when written "${text}"`, () => {
      const timeMs = parseInstant(text, now);

      expect(timeMs).to.equal(undefined);
    });
  }
});
