import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { firstSequenceAfter, makeFragmentNumber, sequenceOf } from "./fragmentNumber";

/** A fragment as the index has it. */
export interface FragmentRecord {
  fragmentNumber: string;
  /** SHA-256 of the stream header that came ahead of it, under which the header is stored. */
  headerId: string;
  producerTimestampMs: number;
  /** The cloud's time when the fragment's first byte came. */
  serverTimestampMs: number;
  /** From the producer timestamp to the latest frame's start. */
  lastFrameMs: number;
  /** From the producer timestamp to the latest frame's end. */
  lengthMs: number;
  /** Size of the Cluster and of what followed it. */
  sizeBytes: number;
}

/** A whole fragment on its way into the store. */
export interface NewFragment extends Omit<FragmentRecord, "headerId" | "sizeBytes"> {
  /** EBML, Segment and the producer's elements ahead of the first Cluster. */
  header: Uint8Array;
  /** The Cluster and what followed it, verbatim. */
  media: Uint8Array;
}

/** The fragments of one life of a stream. */
export interface FragmentStore {
  /** Starts a session: the returned function numbers its fragments, above all numbers before. */
  startSession(): () => string;
  /** Stores a fragment. When it resolves, bytes and index are on disk, whatever happens to this process. */
  append(fragment: NewFragment): Promise<void>;
  /** What is held, in the order of ingestion. */
  fragments(): readonly FragmentRecord[];
  header(fragment: FragmentRecord): Promise<Buffer>;
  media(fragment: FragmentRecord): Promise<Buffer>;
  /** Forgets what came before `serverTimestampMs` and removes its files. */
  expire(serverTimestampMs: number): Promise<void>;
}

/**
 * Opens the folder of a stream: `index.jsonl` with a line for every fragment in the order of ingestion,
 * `fragments/NUMBER.mkv` with its bytes, `headers/ID.mkv` with the stream headers that they came under.
 */
export function openFragmentStore(folder: string): FragmentStore {
  const indexFile = path.join(folder, "index.jsonl");
  const headerFile = (headerId: string) => path.join(folder, "headers", `${headerId}.mkv`);
  const mediaFile = (fragmentNumber: string) => path.join(folder, "fragments", `${fragmentNumber}.mkv`);
  for (const name of ["headers", "fragments"]) fs.mkdirSync(path.join(folder, name), { recursive: true });

  const recovered = recover(folder, indexFile);
  let records = recovered.records;
  let lastSequence = recovered.lastSequence;

  return {
    startSession() {
      lastSequence = firstSequenceAfter(lastSequence) - 1n;
      return () => {
        lastSequence += 1n;
        return makeFragmentNumber(lastSequence);
      };
    },
    async append({ header, media, ...fragment }) {
      const headerId = createHash("sha256").update(header).digest("hex");
      if (!fs.existsSync(headerFile(headerId))) await writeWhole(headerFile(headerId), header);
      await fs.promises.writeFile(mediaFile(fragment.fragmentNumber), media, { flush: true });
      const record: FragmentRecord = { ...fragment, headerId, sizeBytes: media.length };
      await fs.promises.appendFile(indexFile, `${JSON.stringify(record)}\n`, { flush: true });
      records.push(record);
    },
    fragments: () => records,
    header: ({ headerId }) => fs.promises.readFile(headerFile(headerId)),
    media: ({ fragmentNumber }) => fs.promises.readFile(mediaFile(fragmentNumber)),
    async expire(serverTimestampMs) {
      const firstKept = records.findIndex((record) => record.serverTimestampMs >= serverTimestampMs);
      const expired = records.slice(0, firstKept === -1 ? records.length : firstKept);
      if (expired.length === 0) return;
      records = records.slice(expired.length);
      await Promise.all(
        expired.map(({ fragmentNumber }) => fs.promises.rm(mediaFile(fragmentNumber), { force: true })),
      );
    },
  };
}

/** A header is shared by fragments to come, so a half-written one must never be seen under its name. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await fs.promises.writeFile(`${file}.new`, bytes, { flush: true });
  await fs.promises.rename(`${file}.new`, file);
}

/**
 * Reads the index and puts folder and index in agreement: a last line that a crash tore is dropped, bytes without a
 * line were never acknowledged and go, lines whose bytes are gone have expired. The last line always stays, because
 * the numbers to come must be above it.
 * @throws when a line ahead of the last one is damaged, naming it: nothing is changed then
 */
function recover(folder: string, indexFile: string): { records: FragmentRecord[]; lastSequence: bigint } {
  const lines = fs.existsSync(indexFile) ? fs.readFileSync(indexFile, "utf8").split("\n") : [""];
  const torn = lines.pop() !== "";
  const indexed = lines.map((line, at) => parseLine(line, `${indexFile}, line ${at + 1}`));
  const numbers = new Set(indexed.map(({ fragmentNumber }) => fragmentNumber));
  const stored = new Set(fs.readdirSync(path.join(folder, "fragments")).map((name) => path.parse(name).name));
  for (const number of stored) {
    if (!numbers.has(number)) fs.rmSync(path.join(folder, "fragments", `${number}.mkv`));
  }
  const last = indexed.at(-1);
  const records = indexed.filter(({ fragmentNumber }) => stored.has(fragmentNumber));
  const kept = indexed.filter((record) => record === last || stored.has(record.fragmentNumber));
  if (torn || kept.length < indexed.length) {
    fs.writeFileSync(`${indexFile}.new`, kept.map((record) => `${JSON.stringify(record)}\n`).join(""));
    fs.renameSync(`${indexFile}.new`, indexFile);
  }
  return { records, lastSequence: (last && sequenceOf(last.fragmentNumber)) ?? 0n };
}

function parseLine(line: string, place: string): FragmentRecord {
  try {
    return JSON.parse(line) as FragmentRecord;
  } catch (error) {
    throw new Error(
      `${place} is damaged (${(error as Error).message}); restore the file or move its folder away`,
    );
  }
}
