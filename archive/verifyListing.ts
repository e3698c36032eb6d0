import { cutTo } from "./coverage";
import { entrySeq, sweepKey } from "./keys";
import { readAhead } from "./readAhead";
import { readBody } from "./verifyBody";
import type { Damage } from "./verifyChain";
import { type Life, makeLedgerReading } from "./verifyLedger";
import type { ArchiveReader, ListedKey } from "./verifyPorts";

/** How many requests are under way at once. */
export const REQUESTS_AT_ONCE = 16;

/** The names of the streams that an archive knows. */
export async function streamsOf(reader: ArchiveReader, prefix: string): Promise<string[]> {
  const ofLedgers = await reader.folders(`${prefix}ledger/`);
  const ofClips = (await reader.folders(`${prefix}clips/`)).flatMap(
    (name) => /^stream=(.+)$/.exec(name)?.[1] ?? [],
  );
  return [...new Set([...ofLedgers, ...ofClips])].sort();
}

/** When the lives of a stream began that have a ledger, oldest first. */
export async function livesOf(reader: ArchiveReader, prefix: string, streamName: string): Promise<number[]> {
  const folders = await reader.folders(`${prefix}ledger/${streamName}/`);
  return folders
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Every key under a folder of clips. */
export async function listClips(reader: ArchiveReader, folder: string): Promise<Map<string, ListedKey>> {
  const listed = new Map<string, ListedKey>();
  for await (const one of reader.keys(folder)) listed.set(one.key, one);
  return listed;
}

/** Reads the ledgers of a stream from end to end, and names what lies between them. */
export async function readLedgers(
  reader: ArchiveReader,
  folder: string,
): Promise<{ lives: Life[]; damage: Damage[] }> {
  const readings = new Map<string, ReturnType<typeof makeLedgerReading>>();
  const damage: Damage[] = [];
  const placeOf = (key: string) => {
    const [, life] = /^(\d+)\//.exec(key.slice(folder.length)) ?? [];
    return life === undefined ? undefined : { life, lifeFolder: `${folder}${life}/` };
  };
  const fetch = async (listed: ListedKey) => {
    const place = placeOf(listed.key);
    const isEntry = place && entrySeq(place.lifeFolder, listed.key) !== undefined;
    const [version] = listed.versions;
    const bytes = isEntry && version ? await readBody(reader, listed.key, version.versionId) : undefined;
    return { listed, place, bytes };
  };
  for await (const { listed, place, bytes } of readAhead(reader.keys(folder), REQUESTS_AT_ONCE, fetch)) {
    if (place) {
      const reading = readings.get(place.life) ?? makeLedgerReading(place.lifeFolder, Number(place.life));
      readings.set(place.life, reading);
      reading.take(listed, bytes);
    } else if (listed.deletedMs === undefined) {
      damage.push({ key: listed.key, problem: "belongs to no life of the stream, and not into this folder" });
    }
  }
  const lives = [...readings.values()].map((reading) => reading.end());
  lives.sort((a, b) => a.createdMs - b.createdMs);
  return { lives: lives.map((life, index) => upTo(lives[index + 1]?.createdMs, life)), damage };
}

/** A life with its gaps up to where the next one began: whoever ended it may not have known of that. */
function upTo(nextCreatedMs = Number.POSITIVE_INFINITY, life: Life): Life {
  const before = { fromMs: 0, toMs: nextCreatedMs };
  return {
    ...life,
    gaps: life.gaps.flatMap((gap) => (gap.clock === "server" ? cutTo(before, [gap]) : [gap])),
  };
}

/** The server time to which a sweep found everything of a life accounted for, if one has said so. */
interface SweptLife {
  coveredToMs?: number;
  damage: Damage[];
}

/** What sweeps say of each life of a stream, by when it began. */
export async function readSweeps(
  reader: ArchiveReader,
  prefix: string,
  streamName: string,
): Promise<Map<number, SweptLife>> {
  const sweeps = new Map<number, SweptLife>();
  for (const createdMs of await livesOf(reader, prefix, streamName))
    sweeps.set(createdMs, await readSweep(reader, sweepKey(prefix, { streamName, createdMs })));
  return sweeps;
}

async function readSweep(reader: ArchiveReader, key: string): Promise<SweptLife> {
  const bytes = await readBody(reader, key);
  if (!bytes) return { damage: [] };
  try {
    const { coveredToMs } = JSON.parse(bytes.toString("utf8")) as { coveredToMs?: unknown };
    if (typeof coveredToMs !== "number") throw new Error("it says no coveredToMs");
    return { coveredToMs, damage: [] };
  } catch (error) {
    return { damage: [{ key, problem: `cannot be read: ${(error as Error).message}` }] };
  }
}
