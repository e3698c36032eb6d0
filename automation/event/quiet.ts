import { setTimeout as delay } from "node:timers/promises";
import type { StreamDescription } from "../../archive/ports";
import { connectedStreams, newestFragmentMs } from "./cameraState";
import { camerasText } from "./cameras";
import { failure } from "./failure";
import { openOwnStream } from "./own";
import type { Run } from "./progress";
import type { EventRecord } from "./record";
import type { Tools } from "./tools";

/** Silence after which a camera counts as off: that after which a recording is over. */
const QUIET_MS = 180_000;

/** No PutMedia connection lasts longer (quotas page, PutMedia). */
const LONGEST_CONNECTION_MS = 45 * 60_000;

/** The last fragment of a connection takes up to 20 s, and a minute's metric may take another to appear. */
const VISIBLE_MS = 120_000;

/** How often is looked, on this machine's time. */
const LOOK_MS = 2_000;

/** Waits until no camera of an event has sent anything for three minutes, and none is connected. */
export async function untilSilent(tools: Tools, record: EventRecord, run: Run): Promise<void> {
  await untilNone(tools, record, run, async (streams) => {
    const loud = await active(tools, streams, { nowMs: await tools.now(), withinMs: QUIET_MS });
    return { loud, text: `waiting for ${camerasText(loud.length)} to fall silent: ${some(loud)}` };
  });
}

/**
 * Waits, after devices lost their right to write, until no connection can be left: none is seen any more, or the longest
 * would be over.
 * @throws a failure where a camera sends on beyond that: its right to write is none that can be taken away
 */
export async function untilDisconnected(
  tools: Tools,
  record: EventRecord,
  closedMs: number,
  run: Run,
): Promise<void> {
  await untilNone(tools, record, run, async (streams) => {
    const nowMs = await tools.now();
    const sinceMs = nowMs - closedMs;
    // Until a connection of the last moment would be seen, every one counts that may have been open then.
    const withinMs = sinceMs < VISIBLE_MS ? LONGEST_CONNECTION_MS : VISIBLE_MS;
    const loud = await active(tools, streams, { nowMs, withinMs });
    if (loud.length > 0 && sinceMs > LONGEST_CONNECTION_MS + VISIBLE_MS)
      throw failure(
        "notYet",
        `${some(loud)} still sends, ${Math.round(sinceMs / 60_000)} minutes after devices lost the right to: its credentials do not heed the tag \`closed\`; switch it off, then resume`,
      );
    return {
      loud,
      text: `waiting until ${camerasText(loud.length)} cannot be connected any more: ${some(loud)}`,
    };
  });
}

async function untilNone(
  tools: Tools,
  record: EventRecord,
  { progress, signal }: Run,
  look: (streams: StreamDescription[]) => Promise<{ loud: string[]; text: string }>,
): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const own = await Promise.all(record.streams.map(({ name }) => openOwnStream(tools, record, name)));
    const { loud, text } = await look(own.flatMap((stream) => (stream ? [stream.life] : [])));
    if (loud.length === 0) return;
    progress.show(text, { waitingFor: loud });
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** The streams that received a fragment or had a connection within the last time. */
async function active(
  tools: Tools,
  streams: StreamDescription[],
  { nowMs, withinMs }: { nowMs: number; withinMs: number },
): Promise<string[]> {
  const connected = await connectedStreams(tools, streams, { fromMs: nowMs - withinMs, toMs: nowMs });
  const newest = await Promise.all(
    streams.map(({ streamName }) =>
      newestFragmentMs(tools.kinesisVideo.openStream(streamName), nowMs, withinMs),
    ),
  );
  return streams
    .filter(({ streamName }, index) => newest[index] !== undefined || connected.has(streamName))
    .map(({ streamName }) => streamName);
}

/** The first few of a list that may be long. */
const some = (streams: string[]) =>
  streams.slice(0, 3).join(", ") + (streams.length > 3 ? ` and ${streams.length - 3} more` : "");
