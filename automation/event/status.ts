import { setTimeout as delay } from "node:timers/promises";
import { ledgerFolder } from "../../archive/keys";
import { readHead } from "../../archive/ledger";
import { type CameraState, cameraState } from "./cameraState";
import { durationText } from "./duration";
import { makeLedgerRecord, readEntries } from "./ledgerRecord";
import { readManifest } from "./manifest";
import type { Output } from "./progress";
import { archivePrefix, type EventRecord, nameOf } from "./record";
import type { Tools } from "./tools";

/** An event as of one instant. */
export interface EventStatus {
  event: string;
  name: string;
  phase: EventRecord["phase"];
  asOf: string;
  endsAt: string;
  secondsLeft: number;
  cameras: (CameraState & { gaps: { from: string; to: string; cause: string; fragments?: number }[] })[];
}

/**
 * Watches an event: each look reads only what was added to the ledgers since the one before.
 * @returns a look
 */
export function makeStatus(tools: Tools, id: string): () => Promise<EventStatus> {
  const { records, vault, base, now } = tools;
  const prefix = archivePrefix(base.prefix, id);
  const ledgers = new Map<string, { nextSeq: number } & ReturnType<typeof makeLedgerRecord>>();

  /** How many fragments are in clips, and the gaps, of all lives of a stream. */
  async function readLedgers(streamName: string) {
    const lives = (await vault.folders(`${prefix}ledger/${streamName}/`)).map(Number);
    const records = await Promise.all(
      lives.map(async (createdMs) => {
        const folder = ledgerFolder(prefix, { streamName, createdMs });
        const ledger = ledgers.get(folder) ?? { nextSeq: 0, ...makeLedgerRecord() };
        ledgers.set(folder, ledger);
        const { nextSeq } = await readHead(vault, folder);
        const added = { fromSeq: ledger.nextSeq, toSeq: nextSeq - 1 };
        for await (const entry of readEntries(vault, folder, added)) ledger.take(entry);
        ledger.nextSeq = nextSeq;
        return ledger.record;
      }),
    );
    return {
      archived: records
        .flatMap(({ clips }) => clips)
        .reduce((sum, { plan }) => sum + plan.fragments.length, 0),
      gaps: records
        .flatMap(({ missing }) => missing)
        .map(({ fromMs, toMs, cause, fragments }) => ({
          from: new Date(fromMs).toISOString(),
          to: new Date(toMs).toISOString(),
          cause,
          ...(fragments ? { fragments: fragments.length } : {}),
        })),
    };
  }

  return async () => {
    const record = await records.read(id);
    if (!record) throw new Error(`the record of ${id} is gone`);
    const nowMs = await now();
    const abandoned = record.stop?.abandon ? ((await readManifest(tools, id))?.abandoned ?? []) : [];
    const cameras = await Promise.all(
      record.streams.map(async (camera) => {
        const { archived, gaps } = await readLedgers(camera.name);
        const givenUp = abandoned.find(({ stream }) => stream === camera.name)?.fragments.length ?? 0;
        return { ...(await cameraState(tools, record, camera, { nowMs, archived, givenUp })), gaps };
      }),
    );
    return {
      event: id,
      name: nameOf(record),
      phase: record.phase,
      asOf: new Date(nowMs).toISOString(),
      endsAt: record.endsAt,
      secondsLeft: Math.max(0, Math.round((Date.parse(record.endsAt) - nowMs) / 1000)),
      cameras,
    };
  };
}

/** How often a watched event is looked at. */
const WATCH_MS = 2_000;

/**
 * Shows an event until the signal: on a terminal each look takes the place of the one before, elsewhere it comes below it;
 * for programs, each is one line of JSON.
 */
export async function watchStatus(
  look: () => Promise<EventStatus>,
  { out, isJson, signal }: { out: Output; isJson: boolean; signal: AbortSignal },
): Promise<void> {
  const isInPlace = out.isTTY === true && !isJson;
  while (!signal.aborted) {
    const found = await look();
    const text = isJson ? JSON.stringify(found) : statusText(found);
    // Cursor home, erase the screen (ECMA-48: CUP, ED).
    out.write(isInPlace ? `\x1b[H\x1b[2J${text}\n` : `${text}\n`);
    await delay(WATCH_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A status as a screen of plain lines. */
export function statusText({ name, phase, asOf, secondsLeft, cameras }: EventStatus): string {
  const left =
    phase === "stopped"
      ? ""
      : `, ${secondsLeft > 0 ? `${durationText(secondsLeft * 1000)} left` : "its time is over"}`;
  const columns = ["camera", "", "acknowledged", "archived", "lag", "oldest not archived", "gaps"];
  const rows = cameras.map((one) => [
    one.camera,
    one.activity,
    String(one.acknowledged),
    String(one.archived),
    durationText(one.lagSeconds * 1000),
    one.oldestUnarchived?.slice(11, 19) ?? "-",
    String(one.gaps.length),
  ]);
  const gaps = cameras.flatMap(({ camera, gaps: found }) =>
    found.map(({ from, to, cause }) => `gap  ${camera}, ${from} to ${to}: ${cause}`),
  );
  return [`${name} is ${phase}${left}, as of ${asOf}`, ...table([columns, ...rows]), ...gaps].join("\n");
}

/** Rows of cells as lines, each column as wide as its widest cell. */
export function table(rows: string[][]): string[] {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, index) => Math.max(most[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
