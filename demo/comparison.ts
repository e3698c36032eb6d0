import * as crypto from "node:crypto";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import type { S3 } from "@aws-sdk/client-s3";
import type { Cloud } from "../local/cloud";

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
 * Compares the two lists, from what cameras heard and what lies in the bucket. A clip says which fragments it holds by
 * the first, the last, and a hash of all their numbers: only if the stream's fragments of that span have that hash are
 * they counted as archived.
 * @param listed every fragment that the stream lists: one that was persisted as the camera lost its power is among
 * them, though the camera never heard so
 */
export async function compare(
  s3: S3,
  bucket: string,
  streamName: string,
  acknowledged: AcknowledgedFragment[],
  listed: string[],
): Promise<Comparison> {
  const promised = acknowledged.map(({ fragmentNumber }) => fragmentNumber);
  const inOrder = [...new Set([...promised, ...listed])].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  const timesArchived = new Map(inOrder.map((number) => [number, 0]));
  let [clipCount, archivedSeconds] = [0, 0];

  for (const key of await clipKeys(s3, bucket, streamName)) {
    const { Metadata: clip = {} } = await s3.headObject({ Bucket: bucket, Key: key });
    // A key that was decided without a clip: its fragments are in others.
    if (clip.decision === "void") continue;
    const [first, last] = [BigInt(clip["first-fragment"] ?? 0), BigInt(clip["last-fragment"] ?? 0)];
    const span = inOrder.filter((number) => BigInt(number) >= first && BigInt(number) <= last);
    clipCount += 1;
    archivedSeconds += Number(clip["duration-ms"]) / 1000;
    if (hashOf(span) !== clip["fragment-list-sha256"]) continue;
    for (const number of span) timesArchived.set(number, (timesArchived.get(number) ?? 0) + 1);
  }

  const missing = promised.filter((number) => timesArchived.get(number) === 0);
  return {
    streamName,
    acknowledgedCount: promised.length,
    acknowledgedSeconds: acknowledged.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
    clipCount,
    archivedCount: promised.length - missing.length,
    archivedSeconds,
    missing,
    repeated: [...timesArchived].filter(([, times]) => times > 1).map(([number]) => number),
  };
}

/** The numbers of all fragments that a stream holds. */
export async function listedFragments(cloud: Cloud, streamName: string): Promise<string[]> {
  const control = new KinesisVideo(cloud.clientConfig);
  const { DataEndpoint: endpoint } = await control.getDataEndpoint({
    StreamName: streamName,
    APIName: "LIST_FRAGMENTS",
  });
  const reader = new KinesisVideoArchivedMedia({ ...cloud.clientConfig, endpoint });
  const TimestampRange = { StartTimestamp: new Date(0), EndTimestamp: new Date(cloud.clock.nowMs()) };
  const FragmentSelector = { FragmentSelectorType: "SERVER_TIMESTAMP", TimestampRange } as const;
  const numbers: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await reader.listFragments({ StreamName: streamName, FragmentSelector, NextToken });
    numbers.push(...(page.Fragments ?? []).map(({ FragmentNumber = "" }) => FragmentNumber));
    NextToken = page.NextToken;
  } while (NextToken);
  return numbers;
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
