import { awsError } from "../core/errors";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const UNIT_MS: Record<string, number> = { minute: MINUTE_MS, hour: 60 * MINUTE_MS, day: DAY_MS };
const LAST_YEAR = 2199;

/** When a rule's schedule fires. */
export interface Schedule {
  /** The first instant after `afterMs`; nothing when a cron expression has run out of years. */
  nextMs(afterMs: number, anchorMs: number): number | undefined;
}

/**
 * Reads a schedule expression ("Schedule expressions", EventBridge user guide): `rate(5 minutes)`, counted from the
 * rule's anchor (when it was last put or enabled), or `cron(0 12 ? * MON-FRI *)` in UTC.
 * @throws ValidationException for anything else
 */
export function readSchedule(expression: string): Schedule {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression);
  const cron = /^cron\(([^)]+)\)$/.exec(expression);
  if (rate) {
    const [, count, unit = "", plural] = rate;
    if (Number(count) < 1 || (Number(count) === 1) !== (plural === "")) throw invalidSchedule();
    const everyMs = Number(count) * (UNIT_MS[unit] as number);
    return {
      nextMs: (afterMs, anchorMs) =>
        anchorMs + Math.max(Math.floor((afterMs - anchorMs) / everyMs) + 1, 1) * everyMs,
    };
  }
  if (cron) return readCron(cron[1] as string);
  throw invalidSchedule();
}

const invalidSchedule = () =>
  awsError("ValidationException", 400, "Parameter ScheduleExpression is not valid.");

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** Six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year. One of the days is `?`. */
function readCron(fields: string): Schedule {
  const [minute, hour, dayOfMonth, month, dayOfWeek, year, ...others] = fields.trim().split(/\s+/);
  if (year === undefined || others.length > 0) throw invalidSchedule();
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) throw invalidSchedule();
  const minutes = readField(minute, 0, 59);
  const hours = readField(hour, 0, 23);
  const months = readField(month, 1, 12, MONTHS);
  const years = readField(year, 1970, LAST_YEAR);
  const isDay = dayOfWeek === "?" ? readDayOfMonth(dayOfMonth) : readDayOfWeek(dayOfWeek);
  const timesOfDay = hours.flatMap((h) => minutes.map((m) => (h * 60 + m) * MINUTE_MS));

  return {
    nextMs(afterMs) {
      for (let dayMs = Math.floor(afterMs / DAY_MS) * DAY_MS; ; dayMs += DAY_MS) {
        const day = new Date(dayMs);
        if (day.getUTCFullYear() > (years.at(-1) as number)) return undefined;
        if (!years.includes(day.getUTCFullYear()) || !months.includes(day.getUTCMonth() + 1) || !isDay(day))
          continue;
        const time = timesOfDay.find((one) => dayMs + one > afterMs);
        if (time !== undefined) return dayMs + time;
      }
    },
  };
}

/** The values of a field, ascending: `*`, `5`, `1-5`, `0/15`, `10-20/2`, names, and lists of these. */
function readField(
  field: string | undefined,
  minimum: number,
  maximum: number,
  names: string[] = [],
): number[] {
  const number = (text: string) => {
    const named = names.indexOf(text.toUpperCase());
    const value = named === -1 ? Number(text) : named + minimum;
    if (text === "" || !Number.isInteger(value) || value < minimum || value > maximum)
      throw invalidSchedule();
    return value;
  };
  const values = (field ?? "").split(",").flatMap((part) => {
    const [range = "", step] = part.split("/");
    const [from = "", to] = range === "*" ? [String(minimum), String(maximum)] : range.split("-");
    const first = number(from);
    const last = to === undefined ? (step === undefined ? first : maximum) : number(to);
    const every = step === undefined ? 1 : Number(step);
    if (!(Number.isInteger(every) && every > 0) || last < first) throw invalidSchedule();
    return Array.from(
      { length: Math.floor((last - first) / every) + 1 },
      (_, index) => first + index * every,
    );
  });
  return [...new Set(values)].sort((a, b) => a - b);
}

const lengthOfMonth = (day: Date) =>
  new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();

/** `L` is the month's last day, `15W` the weekday nearest to the 15th. */
function readDayOfMonth(field = ""): (day: Date) => boolean {
  if (field === "L") return (day) => day.getUTCDate() === lengthOfMonth(day);
  const nearest = /^(\d+)W$/.exec(field)?.[1];
  if (nearest !== undefined) {
    const [wanted = 1] = readField(nearest, 1, 31);
    return (day) => day.getUTCDate() === nearestWeekday(day, wanted);
  }
  const days = readField(field, 1, 31);
  return (day) => days.includes(day.getUTCDate());
}

/** The weekday of `day`'s month that is nearest to its `wanted`th, without leaving the month. */
function nearestWeekday(day: Date, wanted: number): number | undefined {
  const last = lengthOfMonth(day);
  if (wanted > last) return undefined;
  const weekday = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), wanted)).getUTCDay();
  if (weekday === 6) return wanted === 1 ? 3 : wanted - 1;
  if (weekday === 0) return wanted === last ? wanted - 2 : wanted + 1;
  return wanted;
}

/** `6L` is the month's last Friday, `3#2` its second Tuesday. */
function readDayOfWeek(field = ""): (day: Date) => boolean {
  const last = /^(\w+)L$/.exec(field)?.[1];
  if (last !== undefined) {
    const [weekday] = readField(last, 1, 7, WEEKDAYS);
    return (day) => day.getUTCDay() + 1 === weekday && day.getUTCDate() > lengthOfMonth(day) - 7;
  }
  const [, which, nth] = /^(\w+)#([1-5])$/.exec(field) ?? [];
  if (which !== undefined) {
    const [weekday] = readField(which, 1, 7, WEEKDAYS);
    return (day) => day.getUTCDay() + 1 === weekday && Math.ceil(day.getUTCDate() / 7) === Number(nth);
  }
  const weekdays = field === "L" ? [7] : readField(field, 1, 7, WEEKDAYS);
  return (day) => weekdays.includes(day.getUTCDay() + 1);
}
