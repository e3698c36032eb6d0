import { HOUR_MS } from "./books";
import type { FragmentSource, Listing, ServerTimeRange } from "./ports";

/** What a listing holds in memory: half an hour, and mostly hours, of what a stream may take. */
export const MOST_LISTED = 20_000;

/** All that is listed of a range, or of as much of it as the beginning. */
export interface Stretch extends Listing {
  /** Its last instant of server time: that of the range, or the end of a cell. */
  toMs: number;
}

/**
 * Lists a range of server time from its begin on: all of it, or, where that is more than MOST_LISTED, as many whole cells
 * as about half of that fills, so that a week of footage after an outage is taken in stretches. ListFragments has no
 * order: which time a listing that was broken off had seen all of, nobody knows, so a shorter range is listed then. The
 * range's last hour is not divided: a fragment may still turn up there, and a stream takes five a second at most
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/limits.html).
 * @param cellMs length of the cells of server time that are not divided either
 */
export async function listStretch(
  source: FragmentSource,
  { fromMs, toMs }: ServerTimeRange,
  cellMs: number,
): Promise<Stretch> {
  const lastCutMs = Math.floor((toMs - HOUR_MS) / cellMs) * cellMs - 1;
  let most: number | undefined = MOST_LISTED;
  for (let endMs = toMs; ; ) {
    const listing: Listing = await source.list({ fromMs, toMs: endMs }, most);
    if (!listing.isCut) return { ...listing, toMs: endMs };
    const times = listing.fragments.map(({ serverMs }) => serverMs).sort((a, b) => a - b);
    // In whatever order they came, half of them is within.
    const middleMs = times[times.length >> 1] ?? endMs;
    const cutMs = Math.min((Math.floor(middleMs / cellMs) + 1) * cellMs - 1, lastCutMs);
    if (cutMs >= fromMs && cutMs < endMs) endMs = cutMs;
    else most = undefined;
  }
}
