import { randomBytes } from "node:crypto";
import type {
  CreateUserPoolClientRequest,
  CreateUserPoolRequest,
  SchemaAttributeType,
} from "@aws-sdk/client-cognito-identity-provider";
import { entryOf } from "../../core/entryOf";
import { awsError } from "../../core/errors";
import type { CloudDeps, Need } from "../../core/service";
import { resourceTagContext } from "../../core/tagContext";
import { checks, notFound } from "./inputs";
import type { PasswordVerifier } from "./srp";
import type { SigningKey } from "./tokens";

/** A person or device that signs in. */
export interface User {
  /** As it was given; told apart from others without regard to case, unless the pool says otherwise. */
  username: string;
  sub: string;
  status: "UNCONFIRMED" | "CONFIRMED" | "FORCE_CHANGE_PASSWORD";
  enabled: boolean;
  attributes: Record<string, string>;
  password?: PasswordVerifier;
  /** When a temporary password ends. */
  passwordExpiresMs?: number;
  confirmationCode?: string;
  /** Base32; of an authenticator app, once it was verified. */
  totpSecret?: string;
  totpVerified?: boolean;
  /** Sign-ins whose refresh tokens are good: when each ends. */
  signIns: Record<string, { clientId: string; expiresMs: number }>;
  createdMs: number;
  modifiedMs: number;
}

/** An app that users sign in with. Its settings are those of CreateUserPoolClient. */
export interface AppClient {
  id: string;
  settings: CreateUserPoolClientRequest;
  createdMs: number;
  modifiedMs: number;
}

/** The members of CreateUserPool that UpdateUserPool can change, and the rest. */
export type PoolSettings = Omit<CreateUserPoolRequest, "PoolName" | "UserPoolTags" | "Schema">;

/** A user pool as it is stored. */
export interface UserPool {
  id: string;
  name: string;
  settings: PoolSettings;
  /** Attributes of the pool's own, with their `custom:` prefix. */
  customAttributes: SchemaAttributeType[];
  softwareTokenMfa: boolean;
  tags: Record<string, string>;
  clients: Record<string, AppClient>;
  /** By sub. */
  users: Record<string, User>;
  signingKey: SigningKey;
  createdMs: number;
  modifiedMs: number;
}

/** The account's user pools. What changes them says `save()`. */
export interface UserPools {
  pools: Record<string, UserPool>;
  /** @throws ResourceNotFoundException */
  find(poolId: string | undefined): UserPool;
  /** The pool and app of a client id. @throws ResourceNotFoundException */
  findClient(clientId: string | undefined): { pool: UserPool; client: AppClient };
  /** @throws UserNotFoundException */
  findUser(pool: UserPool, username: string | undefined): User;
  lookUpUser(pool: UserPool, username: string): User | undefined;
  newPoolId(): string;
  arnOf(poolId: string): string;
  /** `https://cognito-idp.REGION.amazonaws.com/POOL`, which tokens name as their issuer. */
  issuerOf(poolId: string): string;
  need(action: string, poolId: string | undefined, context?: Need["context"]): Need;
  save(): void;
}

/** Opens the pools in `cognito/userPools` of the data folder. */
export function openUserPools({ store, region, accountId }: CloudDeps): UserPools {
  const document = store.document<Record<string, UserPool>>("cognito/userPools", {});
  const pools = document.value;
  const arnOf = (poolId: string) => `arn:aws:cognito-idp:${region}:${accountId}:userpool/${poolId}`;
  const lookUp = (poolId: string) => entryOf(pools, poolId);

  const lookUpUser = (pool: UserPool, username: string) => {
    const isCaseSensitive = pool.settings.UsernameConfiguration?.CaseSensitive ?? false;
    const same = (text: string | undefined) =>
      isCaseSensitive ? text === username : text?.toLowerCase() === username.toLowerCase();
    const names = [...(pool.settings.UsernameAttributes ?? []), ...(pool.settings.AliasAttributes ?? [])];
    return Object.values(pool.users).find(
      ({ username: own, sub, attributes }) =>
        same(own) || sub === username || names.some((name) => same(attributes[name])),
    );
  };

  return {
    pools,
    find(poolId) {
      const pool = lookUp(checks.required(poolId, "userPoolId"));
      if (!pool) throw notFound(`User pool ${poolId} does not exist.`);
      return pool;
    },
    findClient(clientId) {
      const id = checks.required(clientId, "clientId");
      for (const pool of Object.values(pools)) {
        const client = entryOf(pool.clients, id);
        if (client) return { pool, client };
      }
      throw notFound(`User pool client ${id} does not exist.`);
    },
    lookUpUser,
    findUser(pool, username) {
      const user = lookUpUser(pool, checks.required(username, "username"));
      if (!user) throw awsError("UserNotFoundException", 400, "User does not exist.");
      return user;
    },
    newPoolId: () =>
      `${region}_${randomBytes(16).toString("base64").replace(/\W/g, "").slice(0, 9).padEnd(9, "A")}`,
    arnOf,
    issuerOf: (poolId) => `https://cognito-idp.${region}.amazonaws.com/${poolId}`,
    need(action, poolId, context = {}) {
      return {
        action: `cognito-idp:${action}`,
        resource: arnOf(checks.required(poolId, "userPoolId")),
        context: { ...resourceTagContext(lookUp(poolId ?? "")?.tags), ...context },
      };
    },
    save: document.save,
  };
}
