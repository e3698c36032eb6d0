import { lastClip } from "./clipRecord";
import { compareFragmentNumbers, inOrderOfIngestion } from "./fragment";
import { planClips } from "./plan";
import type { FragmentSource, Vault } from "./ports";
import { type StoredClip, storeClip } from "./storeClip";

/** One round of archiving one stream. Time comes in with the call; nothing here asks a clock. */
export interface ArchiveRequest {
  source: FragmentSource;
  vault: Vault;
  prefix: string;
  clipMs: number;
  /** The instant as of which the round looks at the stream, on the service's clock. */
  nowMs: number;
  /** True at the end of a recording: what is left of the open cell becomes a clip too. */
  final: boolean;
  tags: Record<string, string>;
  /** Asked before each plan, with how many clips the round has stored: whether it may go on. */
  mayGoOn(clipCount: number): boolean;
}

/** What a round did, and whether clips that are due are left for the next. */
export interface ArchiveResult {
  clips: StoredClip[];
  hasBacklog: boolean;
}

/**
 * Archives everything of a stream that is due and follows its last clip; with no clip yet, from the earliest fragment
 * held, so that the minutes before the alarm rang are kept too.
 */
export async function archiveStream(request: ArchiveRequest): Promise<ArchiveResult> {
  const { source, vault, prefix, clipMs, nowMs, final, tags, mayGoOn } = request;
  const stream = await source.describe();
  const last = await lastClip(vault, prefix, stream);
  const heldFromMs = Math.max(stream.createdMs, nowMs - stream.retentionHours * 3_600_000);
  // What follows the last clip is told by its number: the clocks of the service's hosts may differ a little.
  const clockMarginMs = 60_000;
  const fromMs = last ? Math.max(last.lastServerMs - clockMarginMs, heldFromMs) : heldFromMs;
  if (fromMs >= nowMs) return { clips: [], hasBacklog: false };

  const listed = inOrderOfIngestion(await source.list({ fromMs, toMs: nowMs }));
  const fragments = last
    ? listed.filter((fragment) => compareFragmentNumbers(fragment.fragmentNumber, last.lastFragment) > 0)
    : listed;
  const plans = planClips({ fragments, archivedToMs: last?.lastServerMs, clipMs, nowMs, final });

  const clips: StoredClip[] = [];
  for (const plan of plans) {
    if (!mayGoOn(clips.length)) return { clips, hasBacklog: true };
    clips.push(...(await storeClip({ source, vault, prefix, stream, tags }, plan)));
  }
  return { clips, hasBacklog: false };
}
