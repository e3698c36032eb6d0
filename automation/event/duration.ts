const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A length of time as a person writes it: `90m`, `6h`, `2d`, `1h30m`.
 * @returns milliseconds, or nothing where it is none
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+d)?(\d+h)?(\d+m)?$/.test(text) || text === "") return undefined;
  const parts = [...text.matchAll(/(\d+)([dhm])/g)];
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}

/** A length of time for people: `1d2h`, `5h42m`, `3m10s`, `12s`. Two units at most. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");
}
