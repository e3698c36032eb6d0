import { createHmac, randomBytes } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_SECONDS = 30;

/** A fresh secret for an authenticator app, in Base32. */
export const makeTotpSecret = (): string =>
  [...randomBytes(32)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");

/** Whether a code is that of now, of the step before or of the next (RFC 6238), in the machine's time as the app's is. */
export function isTotp(secret: string, code: string, nowMs = Date.now()): boolean {
  const step = Math.floor(nowMs / 1000 / STEP_SECONDS);
  return [step - 1, step, step + 1].some((one) => codeAt(secret, one) === code);
}

function codeAt(secret: string, step: number): string {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", bytes).update(counter).digest();
  const offset = (hash.at(-1) as number) & 0xf;
  const number = hash.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}
