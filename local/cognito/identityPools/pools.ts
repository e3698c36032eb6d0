import { randomUUID } from "node:crypto";
import type { CreateIdentityPoolInput, RoleMapping } from "@aws-sdk/client-cognito-identity";
import { makeChecks } from "../../core/checks";
import { entryOf } from "../../core/entryOf";
import { awsError } from "../../core/errors";
import type { CloudDeps, Need } from "../../core/service";
import { resourceTagContext } from "../../core/tagContext";

/** Which claims of a provider's users become tags of their sessions. */
export interface PrincipalTagMap {
  useDefaults: boolean;
  /** Claims by tag. */
  tags: Record<string, string>;
}

/** An identity pool as it is stored. */
export interface IdentityPool {
  id: string;
  settings: Omit<CreateIdentityPoolInput, "IdentityPoolTags">;
  tags: Record<string, string>;
  /** Role ARNs: `authenticated`, `unauthenticated`. */
  roles: Record<string, string>;
  roleMappings?: Record<string, RoleMapping>;
  /** By provider. */
  principalTags: Record<string, PrincipalTagMap>;
}

/** An identity of a pool: somebody's logins by provider (none, of a guest). */
export interface Identity {
  id: string;
  poolId: string;
  /** Subjects by provider. */
  logins: Record<string, string>;
  createdMs: number;
  modifiedMs: number;
}

/** The account's identity pools. What changes them says `save()`. */
export interface IdentityPools {
  pools: Record<string, IdentityPool>;
  identities: Record<string, Identity>;
  /** @throws ResourceNotFoundException */
  find(poolId: string | undefined): IdentityPool;
  newId(): string;
  need(action: string, poolId: string | undefined, context?: Need["context"]): Need;
  save(): void;
}

/** Cognito's checks of inputs. */
export const checks = makeChecks((message) => awsError("InvalidParameterException", 400, message));

/** Opens the pools in `cognito/identityPools` of the data folder. */
export function openIdentityPools({ store, region, accountId }: CloudDeps): IdentityPools {
  const document = store.document<Pick<IdentityPools, "pools" | "identities">>("cognito/identityPools", {
    pools: {},
    identities: {},
  });
  const { pools, identities } = document.value;
  return {
    pools,
    identities,
    find(poolId) {
      const id = checks.required(poolId, "identityPoolId");
      const pool = entryOf(pools, id);
      if (!pool) throw awsError("ResourceNotFoundException", 400, `IdentityPool '${id}' not found.`);
      return pool;
    },
    newId: () => `${region}:${randomUUID()}`,
    need(action, poolId, context = {}) {
      const id = checks.required(poolId, "identityPoolId");
      return {
        action: `cognito-identity:${action}`,
        resource: `arn:aws:cognito-identity:${region}:${accountId}:identitypool/${id}`,
        context: { ...resourceTagContext(pools[id]?.tags), ...context },
      };
    },
    save: document.save,
  };
}
