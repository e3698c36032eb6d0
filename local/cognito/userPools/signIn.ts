import { randomBytes, randomUUID } from "node:crypto";
import { entryOf } from "../../core/entryOf";
import { readableAttributes } from "./attributes";
import { notAuthorized } from "./inputs";
import type { AppClient, User, UserPool, UserPools } from "./pools";
import { type Claims, claimedIssuer, signToken, verifiedClaims } from "./tokens";

const UNIT_SECONDS: Record<string, number> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

/** The tokens of a sign-in, as AuthenticationResult has them. */
export interface Tokens {
  AccessToken: string;
  IdToken: string;
  RefreshToken?: string;
  ExpiresIn: number;
  TokenType: "Bearer";
}

/** Gives tokens and takes them back. Tokens live on the machine's time: apps that hold them look at its clock. */
export interface SignIns {
  /** Signs a user in to an app. */
  begin(pool: UserPool, client: AppClient, user: User): Tokens;
  /** New tokens for a refresh token, which stays. @throws NotAuthorizedException */
  refresh(pool: UserPool, client: AppClient, refreshToken: string): Tokens;
  /** Makes a refresh token, and the tokens that came of it, void. */
  revoke(pool: UserPool, refreshToken: string): void;
  /** Who an access or id token is of. @throws NotAuthorizedException */
  holderOf(token: string | undefined, use: Claims["token_use"]): SignedIn;
}

/** The holder of a token that is good. */
export interface SignedIn {
  pool: UserPool;
  client: AppClient;
  user: User;
  claims: Claims;
}

/** Makes sign-ins over the pools. */
export function makeSignIns(store: UserPools): SignIns {
  const validitySeconds = (client: AppClient, token: "AccessToken" | "IdToken" | "RefreshToken") => {
    const { settings } = client;
    const otherwise = token === "RefreshToken" ? { value: 30, unit: "days" } : { value: 1, unit: "hours" };
    const unit = settings.TokenValidityUnits?.[token] ?? otherwise.unit;
    return (settings[`${token}Validity`] || otherwise.value) * (UNIT_SECONDS[unit] as number);
  };

  const issue = (pool: UserPool, client: AppClient, user: User, originJti: string): Tokens => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const common = {
      sub: user.sub,
      iss: store.issuerOf(pool.id),
      origin_jti: originJti,
      event_id: randomUUID(),
      auth_time: nowSeconds,
      iat: nowSeconds,
    };
    const accessSeconds = validitySeconds(client, "AccessToken");
    const access: Claims = {
      ...common,
      token_use: "access",
      client_id: client.id,
      scope: "aws.cognito.signin.user.admin",
      username: user.username,
      exp: nowSeconds + accessSeconds,
      jti: randomUUID(),
    };
    const id: Claims = {
      ...claimsOf(readableAttributes(client, user.attributes)),
      ...common,
      token_use: "id",
      aud: client.id,
      "cognito:username": user.username,
      exp: nowSeconds + validitySeconds(client, "IdToken"),
      jti: randomUUID(),
    };
    return {
      AccessToken: signToken(pool.signingKey, access),
      IdToken: signToken(pool.signingKey, id),
      ExpiresIn: accessSeconds,
      TokenType: "Bearer",
    };
  };

  const signInOf = (pool: UserPool, refreshToken: string) => {
    const [sub = "", originJti = ""] = Buffer.from(refreshToken, "base64url").toString("utf8").split(" ");
    const user = entryOf(pool.users, sub);
    const signIn = user && entryOf(user.signIns, refreshToken);
    return user && signIn ? { user, signIn, originJti } : undefined;
  };

  return {
    begin(pool, client, user) {
      const originJti = randomUUID();
      const secret = randomBytes(24).toString("hex");
      const refreshToken = Buffer.from(`${user.sub} ${originJti} ${secret}`).toString("base64url");
      const expiresMs = Date.now() + validitySeconds(client, "RefreshToken") * 1000;
      user.signIns[refreshToken] = { clientId: client.id, expiresMs };
      store.save();
      return { ...issue(pool, client, user, originJti), RefreshToken: refreshToken };
    },

    refresh(pool, client, refreshToken) {
      const found = signInOf(pool, refreshToken);
      if (!found || found.signIn.clientId !== client.id) throw notAuthorized("Invalid Refresh Token");
      if (found.signIn.expiresMs <= Date.now()) throw notAuthorized("Refresh Token has expired");
      if (!found.user.enabled) throw notAuthorized("User is disabled.");
      return issue(pool, client, found.user, found.originJti);
    },

    revoke(pool, refreshToken) {
      const found = signInOf(pool, refreshToken);
      if (!found) return;
      delete found.user.signIns[refreshToken];
      store.save();
    },

    holderOf(token = "", use) {
      const what = use === "access" ? "Access Token" : "Id Token";
      const issuer = claimedIssuer(token);
      const pool = Object.values(store.pools).find(({ id }) => store.issuerOf(id) === issuer);
      const claims = pool && verifiedClaims(pool.signingKey, token);
      if (!claims || claims.token_use !== use) throw notAuthorized(`Invalid ${what}`);
      if (claims.exp * 1000 <= Date.now()) throw notAuthorized(`${what} has expired`);
      const user = entryOf(pool.users, claims.sub);
      const clientId = String(use === "access" ? claims.client_id : claims.aud);
      const client = entryOf(pool.clients, clientId);
      const isRevoked = !Object.keys(user?.signIns ?? {}).some(
        (refreshToken) => signInOf(pool, refreshToken)?.originJti === claims.origin_jti,
      );
      if (!user || !client || isRevoked) throw notAuthorized(`${what} has been revoked`);
      return { pool, client, user, claims };
    },
  };
}

/** Verified addresses are booleans in tokens, other attributes text. */
const claimsOf = (attributes: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      name.endsWith("_verified") ? value === "true" : value,
    ]),
  );
