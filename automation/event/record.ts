import * as z from "zod";
import type { Vault } from "../../archive/ports";
import type { EventStack } from "./engine";
import { fromId } from "./eventName";
import { failure } from "./failure";
import { jsonObject, readObject } from "./jsonObject";

/**
 * Where an event is in its life. `starting`: its stack is made. `running`. `stopping`: its cameras fall silent and what
 * they sent is archived. `destroying`: its manifest is written and its stack goes. `stopped`: only footage is left.
 */
export const PHASES = ["starting", "running", "stopping", "destroying", "stopped"] as const;

const record = z.object({
  version: z.literal(1),
  id: z.string(),
  /** The Pulumi stack of the environment whose bucket it writes to. */
  base: z.string(),
  streams: z.array(z.object({ camera: z.string(), name: z.string() })).min(1),
  clipSeconds: z.number(),
  /** Where its cameras' phones sign in, if they do. */
  userPoolId: z.string().optional(),
  /** When the phones' one-time passwords were given out. */
  passwordsAt: z.iso.datetime().optional(),
  /** By S3's clock, as all times here. */
  startedAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  phase: z.enum(PHASES),
  /** How the event was asked to stop: whether at once, and whether what cannot be archived is given up. */
  stop: z.object({ now: z.boolean(), abandon: z.boolean() }).optional(),
  /** When the devices' right to write was taken away. */
  closedAt: z.iso.datetime().optional(),
  stoppedAt: z.iso.datetime().optional(),
});

/** What is remembered of an event, in the bucket: so any machine can go on with it. */
export type EventRecord = z.infer<typeof record>;

/** The folder of all events, in an environment's archive. */
export const eventsFolder = (prefix: string): string => `${prefix}events/`;

/** Where an event's own archive begins: its clips, its ledger, its record and its manifest. */
export const archivePrefix = (prefix: string, id: string): string => `${eventsFolder(prefix)}${id}/`;

const recordKey = (prefix: string, id: string) => `${archivePrefix(prefix, id)}event.json`;

/** The records of an environment's events. Each is replaced only if nobody else did meanwhile. */
export interface Records {
  read(id: string): Promise<EventRecord | undefined>;
  /** All events, newest first. */
  all(): Promise<EventRecord[]>;
  /** Writes the first record of an event; answers whether there was none. */
  create(record: EventRecord): Promise<boolean>;
  /** Changes a record as `change` says, asked again when somebody was faster; as it is then. */
  update(id: string, change: (record: EventRecord) => EventRecord): Promise<EventRecord>;
}

/** The records below a prefix of an environment's bucket. */
export function makeRecords(vault: Vault, prefix: string): Records {
  const object = (one: EventRecord) => jsonObject(recordKey(prefix, one.id), one);

  async function held(id: string): Promise<{ record: EventRecord; etag: string } | undefined> {
    const key = recordKey(prefix, id);
    const found = await readObject(vault, key);
    return found && { record: parse(key, found.text), etag: found.etag };
  }

  const read = async (id: string) => (await held(id))?.record;

  return {
    read,
    async all() {
      const ids = (await vault.folders(eventsFolder(prefix))).filter((name) => /^\d{8}-/.test(name));
      const found = await Promise.all(ids.map(read));
      return found
        .filter((one) => one !== undefined)
        .sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt));
    },
    create: async (one) => (await vault.putIfAbsent(object(one))).outcome === "stored",
    async update(id, change) {
      for (;;) {
        const before = await held(id);
        if (!before)
          throw failure(
            "unavailable",
            `the record ${recordKey(prefix, id)} is gone; look for its versions in the bucket`,
          );
        const after = change(before.record);
        if (after === before.record || (await vault.replace(object(after), before.etag))) return after;
      }
    },
  };
}

function parse(key: string, text: string): EventRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw failure(
      "unavailable",
      `${key} is no JSON: ${(error as Error).message}; restore an earlier version of it`,
      error,
    );
  }
  const parsed = record.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw failure(
    "unavailable",
    `${key} is no record of an event (${issue?.path.join(".")}: ${issue?.message}); restore an earlier version of it, or use a newer lastframe`,
  );
}

/** The stack of an event, as the engine is told of it. */
export const stackOf = ({ id, base }: Pick<EventRecord, "id" | "base">): EventStack => ({
  stackName: fromId(id).stack,
  base,
});

/** Whether an event has, or may have, a stack. */
export const isAlive = ({ phase }: EventRecord): boolean => phase !== "stopped";

/** The event's name, as a person calls it. */
export const nameOf = ({ id }: Pick<EventRecord, "id">): string => fromId(id).name;
