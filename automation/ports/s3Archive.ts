import {
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { ArchiveReader, Expiration, ListedKey, ObjectDescription } from "../../archive/verifyPorts";

/** A bucket in S3, to be read only. */
export function makeArchiveReader(client: S3Client, bucket: string): ArchiveReader {
  const target = { Bucket: bucket };

  async function* keys(prefix: string): AsyncGenerator<ListedKey> {
    let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
    let current: ListedKey | undefined;
    while (markers) {
      const page: ListObjectVersionsCommandOutput = await client.send(
        new ListObjectVersionsCommand({ ...target, Prefix: prefix, ...markers }),
      );
      for (const { Key = "", VersionId = "null", ...version } of inOrder(page)) {
        if (current && current.key !== Key) yield current;
        if (current?.key !== Key) current = { key: Key, versions: [] };
        if (version.isMarker) {
          if (version.IsLatest) current.deletedMs = version.LastModified?.getTime() ?? 0;
        } else {
          // The listing gives a key's newest version first.
          current.versions.unshift({ versionId: VersionId, sizeBytes: version.Size ?? 0 });
        }
      }
      markers = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
    }
    if (current) yield current;
  }

  async function folders(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of paginateListObjectsV2(
      { client },
      { ...target, Prefix: prefix, Delimiter: "/" },
    )) {
      for (const { Prefix = "" } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1));
    }
    return names;
  }

  function describe(key: string, versionId: string): Promise<ObjectDescription | undefined> {
    return unlessGone(async () => {
      const { ContentLength, Metadata, ChecksumSHA256 } = await client.send(
        new HeadObjectCommand({ ...target, Key: key, VersionId: versionId, ChecksumMode: "ENABLED" }),
      );
      return { sizeBytes: ContentLength ?? 0, metadata: Metadata ?? {}, checksum: ChecksumSHA256 };
    });
  }

  function read(key: string, versionId?: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return unlessGone(async () => {
      const { Body } = await client.send(new GetObjectCommand({ ...target, Key: key, VersionId: versionId }));
      if (!Body) throw new Error(`GetObject of ${key} returned no body`);
      return Body as AsyncIterable<Uint8Array>;
    });
  }

  async function expirations(): Promise<Expiration[]> {
    try {
      const { Rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand(target));
      return Rules.flatMap(expirationOf);
    } catch (error) {
      if ((error as Error).name === "NoSuchLifecycleConfiguration") return [];
      throw error;
    }
  }

  return { keys, folders, describe, read, expirations };
}

/**
 * The versions and delete markers of a page as one list, by key and the newest first. Times are told in whole seconds,
 * so the marker that is the newest says so itself.
 */
function inOrder({ Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput) {
  const markers = DeleteMarkers.map((marker) => ({ ...marker, Size: undefined, isMarker: true }));
  const versions = Versions.map((version) => ({ ...version, isMarker: false }));
  const byKey = ({ Key: a = "" }: { Key?: string }, { Key: b = "" }: { Key?: string }) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b));
  return [...markers, ...versions].sort(byKey);
}

/** What a rule removes, if it does; one for objects of some tags or sizes only is taken to mean all of its prefix. */
function expirationOf({ Status, Filter, Prefix, Expiration: expiration }: LifecycleRule): Expiration[] {
  if (Status !== "Enabled" || (expiration?.Days === undefined && expiration?.Date === undefined)) return [];
  const prefix = Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? "";
  return [{ prefix, days: expiration.Days, atMs: expiration.Date?.getTime() }];
}

/** 404 is what S3 says of a key or a version that is not there; 405, of a delete marker. */
async function unlessGone<Found>(find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find();
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    const isGone = name !== "NoSuchBucket" && [404, 405].includes($metadata?.httpStatusCode ?? 0);
    if (isGone) return undefined;
    throw error;
  }
}
