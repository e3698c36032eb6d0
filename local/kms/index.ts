import { jsonService } from "../core/protocols";
import type { UseKey } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeAliasOperations } from "./aliasOperations";
import { encryptionContextKeys, makeCryptography } from "./cryptography";
import { makeKeyOperations } from "./keyOperations";
import type { RoleExists } from "./keyPolicy";
import { checkUsable, openKeys } from "./keys";
import { makeRotationOperations } from "./rotation";
import { makeTagOperations } from "./tagOperations";

/** AWS Key Management Service: symmetric keys. */
export interface Kms {
  http: HttpService;
  operations: Operations;
  /** How other services of this cloud ask whether a key may be used. */
  useKey: UseKey;
  close(): void;
}

/**
 * Makes KMS. Its own operations encrypt for real, with AES-256-GCM. What other services keep is not encrypted on this
 * machine's disk: of them KMS decides only whether they may use a key, as AWS does at every call that would need it.
 */
export function makeKms(deps: CloudDeps & { roleExists: RoleExists }): Kms {
  const keys = openKeys(deps);
  const operations: Operations = guarded(deps, "kms", {
    ...makeKeyOperations(deps, keys, deps.roleExists),
    ...makeAliasOperations(deps, keys),
    ...makeCryptography(deps, keys),
    ...makeRotationOperations(deps, keys),
    ...makeTagOperations(keys),
  });
  return {
    http: jsonService({ signingName: "kms", targetPrefix: "TrentService", version: "1.1", operations }),
    operations,
    async useKey({ keyId, operations: asked, call, via, encryptionContext }) {
      const key = keys.find(keyId);
      const context = {
        ...(via && { "kms:ViaService": `${via}.${deps.region}.amazonaws.com` }),
        ...encryptionContextKeys(encryptionContext),
      };
      await call.authorize(...asked.map((operation) => keys.need(operation, key, call, context)));
      checkUsable(key, keys.arnOf(key.id));
      return keys.arnOf(key.id);
    },
    close: () => undefined,
  };
}
