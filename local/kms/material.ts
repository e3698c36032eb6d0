import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { awsError } from "../core/errors";

/** What a key encrypts with, until it is rotated. */
export interface KeyMaterial {
  createdMs: number;
  /** 256 bits in Base64. */
  bits: string;
  /** Who asked for it: the first comes with the key, later ones by the calendar or on demand. */
  rotation?: "AUTOMATIC" | "ON_DEMAND";
}

/** The context that a caller binds to a ciphertext: what was encrypted with one is decrypted with the same. */
export type EncryptionContext = Record<string, string>;

/** A ciphertext is: key id (16 bytes), number of the material (4), nonce (12), tag (16), encrypted bytes. */
const KEY_ID_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = KEY_ID_BYTES + 4 + NONCE_BYTES + TAG_BYTES;

/** Fresh material. */
export function newMaterial(createdMs: number, rotation?: KeyMaterial["rotation"]): KeyMaterial {
  return { createdMs, bits: randomBytes(32).toString("base64"), rotation };
}

/** Encrypts under the newest of `materials`, with AES-256-GCM. */
export function seal(
  { id, materials }: { id: string; materials: KeyMaterial[] },
  plaintext: Buffer,
  context: EncryptionContext,
): Buffer {
  const number = materials.length - 1;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", bitsOf(materials, number), nonce);
  cipher.setAAD(canonical(context));
  const encrypted = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const numberBytes = Buffer.alloc(4);
  numberBytes.writeUInt32BE(number);
  const keyId = Buffer.from(id.replaceAll("-", ""), "hex");
  return Buffer.concat([keyId, numberBytes, nonce, cipher.getAuthTag(), encrypted]);
}

/** The id of the key that a ciphertext names. @throws InvalidCiphertextException */
export function keyIdOf(ciphertext: Buffer): string {
  if (ciphertext.length < HEADER_BYTES) throw invalidCiphertext();
  const hex = ciphertext.subarray(0, KEY_ID_BYTES).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Decrypts. @throws InvalidCiphertextException when a byte or the context is another than at encryption */
export function unseal(materials: KeyMaterial[], ciphertext: Buffer, context: EncryptionContext): Buffer {
  const number = ciphertext.readUInt32BE(KEY_ID_BYTES);
  if (number >= materials.length) throw invalidCiphertext();
  const nonceAt = KEY_ID_BYTES + 4;
  const tagAt = nonceAt + NONCE_BYTES;
  const nonce = ciphertext.subarray(nonceAt, tagAt);
  const decipher = createDecipheriv("aes-256-gcm", bitsOf(materials, number), nonce);
  decipher.setAAD(canonical(context));
  decipher.setAuthTag(ciphertext.subarray(tagAt, HEADER_BYTES));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(HEADER_BYTES)), decipher.final()]);
  } catch {
    // GCM says no more than that something does not fit.
    throw invalidCiphertext();
  }
}

const bitsOf = (materials: KeyMaterial[], number: number) =>
  Buffer.from((materials[number] as KeyMaterial).bits, "base64");

/** The same bytes for the same context, in whatever order its pairs came. */
const canonical = (context: EncryptionContext) =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));

/** KMS answers no message with this error. */
const invalidCiphertext = () => awsError("InvalidCiphertextException", 400, "");
