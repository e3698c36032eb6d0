import * as z from "zod";

const timeMs = z.number().nonnegative();

const fragment = z
  .tuple([z.string().regex(/^\d+$/), timeMs, timeMs, timeMs, z.number()])
  .rest(z.string())
  .transform(([fragmentNumber, serverMs, producerMs, durationMs, sizeBytes]) => ({
    fragmentNumber,
    serverMs,
    producerMs,
    durationMs,
    sizeBytes,
  }));

const plannedClip = z.object({ key: z.string(), fragments: z.array(fragment).min(1) });

const stored = z.object({
  kind: z.literal("stored"),
  key: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
  checksum: z.string().optional(),
  source: z.enum(["get-clip", "fragments", "unknown"]),
});

const change = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("began") }),
  z.object({ kind: z.literal("plan"), clip: plannedClip, retries: z.number().optional() }),
  z.object({
    kind: z.literal("split"),
    voidKey: z.string(),
    clips: z.array(plannedClip),
    deferred: z.array(fragment).default([]),
    lost: z.array(fragment).default([]),
  }),
  stored,
  z.object({
    kind: z.literal("gap"),
    fromMs: timeMs,
    toMs: timeMs,
    cause: z.string(),
    fragments: z.array(fragment).default([]),
  }),
  z.object({ kind: z.literal("closed"), compared: z.object({ toMs: timeMs, asOfMs: timeMs }) }),
  z.object({ kind: z.literal("ended") }),
]);

const entry = z.object({
  version: z.literal(1),
  seq: z.number(),
  prev: z.string(),
  at: z.iso.datetime(),
  change,
  damaged: z.array(z.string()).default([]),
  state: z.object({ lowWaterMs: timeMs }),
});

/**
 * A ledger's entry as a verifier reads it: written down apart from the archiver's own types, so that an entry which
 * breaks the format is not taken for one because both agree on the mistake.
 */
export type VerifiedEntry = z.infer<typeof entry>;

/** A clip that is there, as an entry says. */
export type VerifiedStored = z.infer<typeof stored>;

/** One object to be, as an entry plans it. */
export type VerifiedPlan = z.infer<typeof plannedClip>;

/**
 * Reads the entry `seq` out of its bytes.
 * @throws an error that says why it is none
 */
export function readVerifiedEntry(bytes: Uint8Array, seq: number): VerifiedEntry {
  // An entry is cut at 24 KB and a state bounded by 32; what is far beyond is somebody else's object.
  const maxBytes = 1024 * 1024;
  if (bytes.length > maxBytes) throw new Error(`it has ${bytes.length} bytes`);
  const parsed = entry.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".") || "the whole"}: ${issue?.message}`);
  }
  if (parsed.data.seq !== seq) throw new Error(`it says of itself that it is entry ${parsed.data.seq}`);
  return parsed.data;
}
