import { randomBytes } from "node:crypto";

/** The digits of unique ids and access key ids. */
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * Marks the access key ids that this cloud issues. Keys of other makers are the account owner's, so a deleted or expired
 * key of ours must stay recognizable, or it would come back as the owner's.
 */
const ISSUED_HERE = "LOCAL";

function randomBase32(length: number): string {
  return Array.from(randomBytes(length), (byte) => BASE32[byte % BASE32.length]).join("");
}

/** The prefix of a unique id says what it names (IAM user guide, "IAM identifiers"). */
type IdPrefix = "AROA" | "AIDA" | "ANPA";

/** A unique id of 21 characters for a role, user or managed policy. */
export const makeUniqueId = (prefix: IdPrefix) => prefix + randomBase32(17);

/** A key pair of 20 and 40 characters: `AKIA` for a user's, `ASIA` for a session's. */
export function makeKeyPair(prefix: "AKIA" | "ASIA") {
  return {
    accessKeyId: prefix + ISSUED_HERE + randomBase32(16 - ISSUED_HERE.length),
    secretAccessKey: randomBytes(30).toString("base64"),
  };
}

/** Whether this cloud issued a key, at any time. */
export const wasIssuedHere = (accessKeyId: string) =>
  /^(AKIA|ASIA)/.test(accessKeyId) && accessKeyId.startsWith(ISSUED_HERE, 4);

/** An opaque session token, of about the length of the real ones. */
export const makeSessionToken = () => randomBytes(384).toString("base64");
