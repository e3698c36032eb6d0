/**
 * An instant as a person writes it: `14:03` or `14:03:05` of today, or ISO 8601 (`2026-11-23T14:03:05.5Z`,
 * `2026-11-23T15:03+01:00`, `2026-11-23`). Without an offset it is UTC, as the times in keys are.
 * @returns milliseconds since 1970, or nothing where it is none
 */
export function parseInstant(text: string, nowMs: number): number | undefined {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const full = /^\d\d:\d\d/.test(text) ? `${today}T${text}` : text;
  const parts = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(full);
  if (!parts) return undefined;
  const [, date = "", time = "00:00", offset = "Z"] = parts;
  const atMs = Date.parse(`${date}T${time}${offset}`);
  // Date.parse takes a 30 February for 2 March.
  const isDate = new Date(`${date}T00:00Z`).toJSON()?.startsWith(date) ?? false;
  return isDate && !Number.isNaN(atMs) ? atMs : undefined;
}
