import { randomBytes, randomInt } from "node:crypto";

const SEQUENCE_BASE = 1n << 64n;
const RANDOM_BITS = 92n;

/**
 * A fragment number as the service makes them: (2^64 + sequence) * 2^92 plus 92 random bits, 47 decimal digits, so that
 * numbers rise in the order of ingestion and cannot be guessed.
 */
export function makeFragmentNumber(sequence: bigint): string {
  const random = BigInt(`0x${randomBytes(12).toString("hex")}`) & ((1n << RANDOM_BITS) - 1n);
  return String(((SEQUENCE_BASE + sequence) << RANDOM_BITS) | random);
}

/** The sequence in a fragment number; undefined for a string that the service cannot have made. */
export function sequenceOf(fragmentNumber: string): bigint | undefined {
  if (!/^\d{47,48}$/.test(fragmentNumber)) return undefined;
  const sequence = (BigInt(fragmentNumber) >> RANDOM_BITS) - SEQUENCE_BASE;
  return sequence >= 0n && sequence < SEQUENCE_BASE ? sequence : undefined;
}

/** Where the numbers of a new PutMedia session begin: they jump, as they do between sessions of the service. */
export function firstSequenceAfter(last: bigint): bigint {
  return last === 0n ? 1n : last + BigInt(randomInt(100, 1000));
}
