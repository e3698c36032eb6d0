import { expect } from "chai";
import { readSchedule } from "../../../local/eventBridge/schedule";

/** The next instants after Sunday 2026-11-22 14:00, and what the user guide says of such an expression. */
const EXPECTED: [string, string[]][] = [
  ["cron(0 10 * * ? *)", ["2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"]],
  ["cron(15 12 * * ? *)", ["2026-11-23T12:15:00Z", "2026-11-24T12:15:00Z"]],
  ["cron(0 18 ? * MON-FRI *)", ["2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"]],
  ["cron(0 8 1 * ? *)", ["2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"]],
  ["cron(0/15 * * * ? *)", ["2026-11-22T14:15:00Z", "2026-11-22T14:30:00Z"]],
  ["cron(0 0 L * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"]],
  ["cron(0 9 15W * ? *)", ["2026-12-15T09:00:00Z", "2027-01-15T09:00:00Z"]],
  ["cron(0 9 28W * ? *)", ["2026-11-27T09:00:00Z", "2026-12-28T09:00:00Z"]],
  ["cron(0 9 ? * 3#2 *)", ["2026-12-08T09:00:00Z", "2027-01-12T09:00:00Z"]],
  ["cron(0 9 ? * 6L *)", ["2026-11-27T09:00:00Z", "2026-12-25T09:00:00Z"]],
  ["cron(30 0 1 JAN,JUL ? 2027-2028)", ["2027-01-01T00:30:00Z", "2027-07-01T00:30:00Z"]],
  ["rate(15 minutes)", ["2026-11-22T14:05:00Z", "2026-11-22T14:20:00Z"]],
  ["rate(1 day)", ["2026-11-23T13:50:00Z", "2026-11-24T13:50:00Z"]],
];
const NOW_MS = Date.parse("2026-11-22T14:00:00Z");
const ANCHOR_MS = Date.parse("2026-11-22T13:50:00Z");

const WRONG = [
  ...["rate(0 minutes)", "rate(1 minutes)", "rate(2 hour)", "rate(5 seconds)", "every(1 day)"],
  ...[
    "cron(0 10 * * *)",
    "cron(0 10 * * * *)",
    "cron(60 10 * * ? *)",
    "cron(0 10 ? * 8 *)",
    "cron(0 5-1 * * ? *)",
  ],
];

describe("a schedule expression", () => {
  for (const [expression, instants] of EXPECTED) {
    it(`${expression} fires at ${instants.join(" and ")}`, () => {
      const schedule = readSchedule(expression);

      const firstMs = schedule.nextMs(NOW_MS, ANCHOR_MS) as number;
      const secondMs = schedule.nextMs(firstMs, ANCHOR_MS) as number;

      const found = [firstMs, secondMs].map((ms) => new Date(ms).toISOString().replace(".000", ""));
      expect(found).to.deep.equal(instants);
    });
  }

  it("ends when a cron expression has no year left", () => {
    const schedule = readSchedule("cron(0 10 * * ? 2025)");

    const nextMs = schedule.nextMs(NOW_MS, ANCHOR_MS);

    expect(nextMs).to.equal(undefined);
  });

  for (const expression of WRONG) {
    it(`${expression} is refused`, () => {
      const read = () => readSchedule(expression);

      expect(read).to.throw("ScheduleExpression is not valid").with.property("code", "ValidationException");
    });
  }
});
