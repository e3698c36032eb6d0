import { createHash, createHmac, getDiffieHellman, hkdfSync, randomBytes } from "node:crypto";

/**
 * The server's side of the Secure Remote Password protocol (RFC 5054's 3072-bit group) in Cognito's dialect: numbers are
 * hashed as two's-complement hex, and the session key comes from HKDF ("USER_SRP_AUTH", Amazon Cognito developer guide).
 * AWS documents the flow and not the arithmetic; that is as its client library for JavaScript has it.
 */
const N = BigInt(`0x${getDiffieHellman("modp15").getPrime("hex")}`);
const G = 2n;
const KEY_INFO = "Caldera Derived Key";
const KEY_BYTES = 16;

/** What a pool keeps of a password: with it the password can be checked, and not told. */
export interface PasswordVerifier {
  /** Hex. */
  salt: string;
  /** Hex. */
  verifier: string;
}

/** Who signs in where, as both sides hash it. */
export interface SrpIdentity {
  poolId: string;
  username: string;
}

const poolName = ({ poolId }: SrpIdentity) => poolId.split("_")[1] ?? "";
const toBigInt = (hex: string) => BigInt(`0x${hex}`);

/** Hex with whole bytes, and a leading zero byte where the first bit would be a sign. */
function padHex(value: bigint): string {
  const hex = value.toString(16);
  const even = hex.length % 2 === 1 ? `0${hex}` : hex;
  return /^[89a-f]/.test(even) ? `00${even}` : even;
}

const hashHex = (hex: string) => createHash("sha256").update(Buffer.from(hex, "hex")).digest("hex");

function modPow(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = base % N;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % N;
    factor = (factor * factor) % N;
  }
  return result;
}

const K = toBigInt(hashHex(padHex(N) + padHex(G)));

function verifierFor(identity: SrpIdentity, password: string, salt: bigint): bigint {
  const secret = `${poolName(identity)}${identity.username}:${password}`;
  const inner = createHash("sha256").update(secret).digest("hex");
  return modPow(G, toBigInt(hashHex(padHex(salt) + inner)));
}

/** Makes what is kept of a password. */
export function makeVerifier(identity: SrpIdentity, password: string): PasswordVerifier {
  const salt = toBigInt(randomBytes(16).toString("hex"));
  return { salt: salt.toString(16), verifier: verifierFor(identity, password, salt).toString(16) };
}

/** Whether a password is the one that was kept. */
export const isPassword = (identity: SrpIdentity, password: string, kept: PasswordVerifier): boolean =>
  verifierFor(identity, password, toBigInt(kept.salt)).toString(16) === kept.verifier;

/** One sign-in that is under way. */
export interface SrpExchange {
  /** The server's public value, hex. */
  B: string;
  /**
   * Whether a client's signature shows that it knows the password.
   * @param secretBlock the bytes that the challenge carried
   */
  isSignedBy(claim: { signature: string; secretBlock: Buffer; timestamp: string }): boolean;
}

/**
 * Answers a client's public value. Nothing where the value is none, which would let anybody in.
 * @param srpA hex
 */
export function beginExchange(
  identity: SrpIdentity,
  { verifier }: PasswordVerifier,
  srpA: string,
): SrpExchange | undefined {
  if (!/^[0-9a-fA-F]{1,768}$/.test(srpA)) return undefined;
  const A = toBigInt(srpA);
  if (A % N === 0n) return undefined;
  const v = toBigInt(verifier);
  const b = toBigInt(randomBytes(32).toString("hex"));
  const B = (K * v + modPow(G, b)) % N;
  return {
    B: B.toString(16),
    isSignedBy({ signature, secretBlock, timestamp }) {
      const u = toBigInt(hashHex(padHex(A) + padHex(B)));
      const S = modPow(A * modPow(v, u), b);
      const [secret, salt] = [S, u].map((value) => Buffer.from(padHex(value), "hex")) as [Buffer, Buffer];
      const key = Buffer.from(hkdfSync("sha256", secret, salt, KEY_INFO, KEY_BYTES));
      const expected = createHmac("sha256", key)
        .update(poolName(identity))
        .update(identity.username)
        .update(secretBlock)
        .update(timestamp)
        .digest("base64");
      return signature === expected;
    },
  };
}
