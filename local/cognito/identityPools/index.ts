import { jsonService } from "../../core/protocols";
import { guarded, type HttpService, type Operations } from "../../core/service";
import { type IdentityDeps, makeIdentityOperations } from "./identityOperations";
import { makePoolOperations } from "./poolOperations";
import { openIdentityPools } from "./pools";

/** Amazon Cognito identity pools. */
export interface CognitoIdentityPools {
  http: HttpService;
  operations: Operations;
  close(): void;
}

const TARGET = "AWSCognitoIdentityService";

/**
 * Makes identity pools: users of user pools get credentials of a role, tagged by their attributes (the enhanced flow).
 * Pools and identities are in `cognito/identityPools` of the data folder.
 */
export function makeCognitoIdentityPools(deps: IdentityDeps): CognitoIdentityPools {
  const store = openIdentityPools(deps);
  const operations: Operations = guarded(deps, "cognito-identity", {
    ...makePoolOperations(store),
    ...makeIdentityOperations(deps, store),
  });
  const http = jsonService({
    signingName: "cognito-identity",
    targetPrefix: TARGET,
    version: "1.1",
    operations,
  });
  return {
    http: {
      ...http,
      takesUnsigned: ({ headers }) => String(headers["x-amz-target"]).startsWith(`${TARGET}.`),
    },
    operations,
    close: () => undefined,
  };
}
