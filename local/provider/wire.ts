import * as fs from "node:fs";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Archive, Properties } from "./resourceType";

/**
 * Pulumi's property values as they travel between engine and provider (Pulumi's developer documentation, "Property values
 * on the wire"): plain data, in which objects with this key stand for something else. The engine keeps secrets to
 * itself here, as the provider says that it takes none.
 */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A message's properties, as they are. */
export const fromStruct = (struct?: Struct): Properties => struct?.toJavaScript() ?? {};

/** Properties as a message has them: what is undefined is left out. */
export const toStruct = (properties: Properties): Struct =>
  Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);

/**
 * Properties as plain data: an archive becomes the text of its files, an asset its text.
 * @throws for an asset or archive that the local cloud does not take
 */
export const plainProperties = (properties: Properties): Properties => plain(properties) as Properties;

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const object = value as Record<string, unknown>;
  if (object[SIGNATURE_KEY] === ASSET) return textOf(object);
  if (object[SIGNATURE_KEY] === ARCHIVE) return archiveOf(object);
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, plain(member)]));
}

function archiveOf({ hash, assets, path, uri }: WireArchive): Archive {
  if (path || uri)
    throw new Error(`the local cloud takes archives of assets, and not the archive ${path ?? uri}`);
  return { archiveHash: hash ?? "", ...(assets ? { files: plain(assets) as Record<string, string> } : {}) };
}

function textOf({ text, path, uri }: WireAsset): string {
  if (uri) throw new Error(`the local cloud does not fetch the asset ${uri}; give it as text or as a file`);
  return path ? fs.readFileSync(path, "utf8") : (text ?? "");
}

interface WireAsset {
  text?: string;
  path?: string;
  uri?: string;
}

interface WireArchive {
  /** Of all that is in it; what was deployed before comes with this alone. */
  hash?: string;
  assets?: Record<string, unknown>;
  path?: string;
  uri?: string;
}
