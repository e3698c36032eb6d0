import type { ArchiveReader } from "./verifyPorts";

/** All bytes of a small object; nothing where it is gone. */
export async function readBody(
  reader: ArchiveReader,
  key: string,
  versionId?: string,
): Promise<Buffer | undefined> {
  const body = await reader.read(key, versionId);
  if (!body) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}
