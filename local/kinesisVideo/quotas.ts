import type { Clock } from "../core/clock";
import { awsError } from "../core/errors";

/**
 * Fragment points that all readers of one stream share, per second (quota page, "Fragment-metadata and fragment-media
 * quotas").
 */
export const POINTS_PER_SECOND = { metadata: 10_000, media: 500 } as const;

/** Which of the two budgets. */
export type PointKind = keyof typeof POINTS_PER_SECOND;

/** Takes points from a stream's budget. @throws ClientLimitExceededException when they are used up */
export type SpendPoints = (kind: PointKind, points: number) => void;

/**
 * The budgets of one stream. They fill up steadily to one second's worth. A request that costs more than that is let in
 * when the budget is full, and owes the rest: 1,000 fragments may be asked for at once, at twice a second's media points.
 */
export function makePointBudgets(clock: Clock): SpendPoints {
  const startMs = clock.nowMs();
  const balances = {
    metadata: { points: POINTS_PER_SECOND.metadata as number, atMs: startMs },
    media: { points: POINTS_PER_SECOND.media as number, atMs: startMs },
  };

  return (kind, points) => {
    const perSecond = POINTS_PER_SECOND[kind];
    const balance = balances[kind];
    const nowMs = clock.nowMs();
    const filled = balance.points + ((nowMs - balance.atMs) * perSecond) / 1000;
    Object.assign(balance, { points: Math.min(perSecond, filled), atMs: nowMs });
    if (balance.points < Math.min(points, perSecond)) {
      throw awsError(
        "ClientLimitExceededException",
        400,
        `Rate exceeded: the stream has ${Math.floor(balance.points)} of ${perSecond} fragment-${kind} points per ` +
          `second left, and this request costs ${points}. Try again later.`,
      );
    }
    balance.points -= points;
  };
}
