import * as crypto from "node:crypto";
import type { S3 } from "@aws-sdk/client-s3";

/** A fragment that Kinesis Video Streams acknowledged as PERSISTED, as the camera heard it. */
export interface AcknowledgedFragment {
  fragmentNumber: string;
  durationMs: number;
}

/** A stream's acknowledged fragments beside what its clips hold. */
export interface Comparison {
  streamName: string;
  acknowledgedCount: number;
  acknowledgedSeconds: number;
  clipCount: number;
  archivedCount: number;
  archivedSeconds: number;
  /** Acknowledged, and in no clip. */
  missing: string[];
  /** In more than one clip. */
  repeated: string[];
}

/**
 * Compares the two lists, from what cameras heard and what lies in the bucket. A clip says how many fragments it holds,
 * the first, the last, and a hash of all their numbers: only if the acknowledged fragments of that span have that hash
 * are they counted as archived.
 */
export async function compare(
  s3: S3,
  bucket: string,
  streamName: string,
  acknowledged: AcknowledgedFragment[],
): Promise<Comparison> {
  const inOrder = [...acknowledged].sort((a, b) =>
    BigInt(a.fragmentNumber) < BigInt(b.fragmentNumber) ? -1 : 1,
  );
  const timesArchived = new Map(inOrder.map(({ fragmentNumber }) => [fragmentNumber, 0]));
  let [clipCount, archivedSeconds] = [0, 0];

  for (const key of await clipKeys(s3, bucket, streamName)) {
    const { Metadata: clip = {} } = await s3.headObject({ Bucket: bucket, Key: key });
    const [first, last] = [BigInt(clip["first-fragment"] ?? 0), BigInt(clip["last-fragment"] ?? 0)];
    const span = inOrder
      .map(({ fragmentNumber }) => fragmentNumber)
      .filter((number) => BigInt(number) >= first && BigInt(number) <= last);
    clipCount += 1;
    archivedSeconds += Number(clip["duration-ms"]) / 1000;
    if (hashOf(span) !== clip["fragment-list-sha256"]) continue;
    for (const number of span) timesArchived.set(number, (timesArchived.get(number) ?? 0) + 1);
  }

  const counted = [...timesArchived];
  return {
    streamName,
    acknowledgedCount: inOrder.length,
    acknowledgedSeconds: inOrder.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
    clipCount,
    archivedCount: counted.filter(([, times]) => times > 0).length,
    archivedSeconds,
    missing: counted.filter(([, times]) => times === 0).map(([number]) => number),
    repeated: counted.filter(([, times]) => times > 1).map(([number]) => number),
  };
}

/** The keys of a stream's clips. */
export async function clipKeys(s3: S3, bucket: string, streamName: string): Promise<string[]> {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.listObjectsV2({
      Bucket: bucket,
      Prefix: `clips/stream=${streamName}/`,
      ContinuationToken,
    });
    keys.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return keys;
}

const hashOf = (numbers: string[]) =>
  crypto
    .createHash("sha256")
    .update(numbers.map((number) => `${number}\n`).join(""))
    .digest("hex");
