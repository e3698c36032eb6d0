import type { Life } from "../models/kinesisVideo";
import type { World } from "../world";
import { type Archive, plansIn, rowsOf } from "./readArchive";
import { describe, type Violation } from "./violation";

const MINUTE_MS = 60_000;

/**
 * I10: what ledger and watermark say of a life. A recording that is closed, and time that a sweep calls covered, hold no
 * fragment that was listed then and that nothing accounts for by then; and of such time, no gap says later that nobody
 * looked.
 */
export function checkStatements(life: Life, { ledgers }: Archive, world: World): Violation[] {
  const violations: Violation[] = [];
  const ledger = ledgers.find((one) => one.life === life);
  if (!ledger || ledger.damagedKeys.length > 0) return [];
  const accountedAt = new Map<string, number>();
  const gaps: { fromMs: number; toMs: number; putMs: number }[] = [];
  for (const entry of ledger.entries) {
    const { change, putMs } = entry;
    const numbers = [...plansIn(change).flatMap(({ fragments }) => fragments), ...rowsOf(entry)].map(
      ([number]) => number,
    );
    for (const number of numbers) accountedAt.set(number, Math.min(putMs, accountedAt.get(number) ?? putMs));
    const { fromMs = 0, toMs = 0 } = change;
    if (change.kind === "gap") gaps.push({ fromMs, toMs, putMs });
  }

  for (const { change, putMs, seq } of ledger.entries) {
    if (change.kind !== "closed" || !change.compared) continue;
    const { fromMs, asOfMs } = change.compared;
    hold(`entry ${seq}`, { fromMs, toMs: asOfMs }, asOfMs, putMs);
  }
  const sweeps = world.sweeps(life.createdMs);
  for (const { atMs, coveredToMs } of sweeps) {
    hold("a sweep", { fromMs: 0, toMs: coveredToMs }, atMs, world.endMs);
  }
  for (const entry of ledger.entries) {
    const { change, putMs, seq } = entry;
    if (change.kind !== "gap" || rowsOf(entry).length > 0) continue;
    // Whoever writes the gap has read the watermark some calls before.
    const before = sweeps.filter((sweep) => sweep.putMs < putMs - MINUTE_MS);
    const coveredToMs = Math.max(0, ...before.map((sweep) => sweep.coveredToMs));
    if ((change.fromMs ?? 0) >= coveredToMs) continue;
    const says = `entry ${seq} names a gap (${change.cause}) in time that a sweep had called covered`;
    violations.push({ invariant: "I10", says });
  }
  return violations;

  /** @param saidMs the instant as of which it was said; @param byMs when it was written */
  function hold(who: string, range: { fromMs: number; toMs: number }, saidMs: number, byMs: number): void {
    // A listing is as old as its call; clocks of services differ by seconds.
    const listedByMs = saidMs - 10_000;
    for (const fragment of life.fragments) {
      const { fragmentNumber, serverMs, listedMs } = fragment;
      if (serverMs < range.fromMs || serverMs >= range.toMs || listedMs > listedByMs) continue;
      if (serverMs < saidMs - world.kinesisVideo.retentionMs) continue;
      const isAccounted = (accountedAt.get(fragmentNumber) ?? Number.POSITIVE_INFINITY) <= byMs;
      const isGap = gaps.some(
        ({ fromMs, toMs, putMs }) => serverMs >= fromMs && serverMs <= toMs && putMs <= byMs,
      );
      if (isAccounted || isGap) continue;
      const says = `${who} says that all is accounted for, and nothing accounts for it (${describe(fragment, world)})`;
      violations.push({ invariant: "I10", fragment: fragmentNumber, says });
      return;
    }
  }
}
