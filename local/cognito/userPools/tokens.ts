import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
} from "node:crypto";

/** The key that signs a pool's tokens. */
export interface SigningKey {
  kid: string;
  /** PKCS #8. */
  privatePem: string;
}

/** What a token says ("Understanding user pool JSON web tokens", Amazon Cognito developer guide). Times are epoch seconds. */
export interface Claims {
  iss: string;
  sub: string;
  token_use: "id" | "access";
  iat: number;
  exp: number;
  /** Ties the tokens of one sign-in to its refresh token. */
  origin_jti: string;
  jti: string;
  [claim: string]: unknown;
}

/** Makes a pool's key. */
export function makeSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { kid: randomUUID(), privatePem: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

/** The public half, as `/.well-known/jwks.json` lists it. */
export function publicJwk({ kid, privatePem }: SigningKey): object {
  const jwk = createPublicKey(createPrivateKey(privatePem)).export({ format: "jwk" });
  return { ...jwk, kid, alg: "RS256", use: "sig" };
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A signed token. */
export function signToken({ kid, privatePem }: SigningKey, claims: Claims): string {
  const signed = `${encode({ kid, alg: "RS256" })}.${encode(claims)}`;
  const signature = sign("RSA-SHA256", Buffer.from(signed), createPrivateKey(privatePem));
  return `${signed}.${signature.toString("base64url")}`;
}

/** The claims of a token that this key signed, or nothing. Whether they are still good is not looked at. */
export function verifiedClaims({ privatePem }: SigningKey, token: string): Claims | undefined {
  const [header, claims, signature] = token.split(".");
  if (!header || !claims || !signature) return undefined;
  const key = createPublicKey(createPrivateKey(privatePem));
  const isGood = verify(
    "RSA-SHA256",
    Buffer.from(`${header}.${claims}`),
    key,
    Buffer.from(signature, "base64url"),
  );
  return isGood ? (JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as Claims) : undefined;
}

/** The claims of a token as it stands, to find the pool that it says it is from. */
export function claimedIssuer(token: string): string | undefined {
  try {
    const { iss } = JSON.parse(
      Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"),
    ) as Claims;
    return typeof iss === "string" ? iss : undefined;
  } catch {
    // What is no JSON is no token of any pool.
    return undefined;
  }
}
