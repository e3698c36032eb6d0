import { openMailbox } from "../../core/mailbox";
import { jsonService } from "../../core/protocols";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../../core/service";
import { makeAuthentication } from "./authentication";
import { makeClientOperations } from "./clientOperations";
import { makePoolOperations } from "./poolOperations";
import { openUserPools } from "./pools";
import { makeSelfService } from "./selfService";
import { makeSignIns, type SignIns } from "./signIn";
import { publicJwk } from "./tokens";
import { makeUserOperations } from "./userOperations";

/** Amazon Cognito user pools. */
export interface CognitoUserPools {
  http: HttpService;
  operations: Operations;
  /** Who an id token is of. */
  holderOf: SignIns["holderOf"];
  close(): void;
}

const TARGET = "AWSCognitoIdentityProviderService";
const KEYS = /^\/([\w-]+_\w+)\/\.well-known\/jwks\.json$/;

/**
 * Makes user pools: users who sign in by SRP or password and get real JSON web tokens, whose keys are where the issuer's
 * are. Pools are in `cognito/userPools` of the data folder, the mail that would be sent in `cognito/mail`.
 */
export function makeCognitoUserPools(deps: CloudDeps): CognitoUserPools {
  const store = openUserPools(deps);
  const send = openMailbox(deps, "cognito/mail");
  const signIns = makeSignIns(store);
  const authentication = makeAuthentication(deps, store, signIns);
  const operations: Operations = guarded(deps, "cognito-idp", {
    ...makePoolOperations(deps, store),
    ...makeClientOperations(deps, store),
    ...makeUserOperations(deps, store, send),
    ...makeSelfService(deps, store, signIns, authentication, send),
    ...authentication.operations,
  });
  const http = jsonService({ signingName: "cognito-idp", targetPrefix: TARGET, version: "1.1", operations });
  return {
    http: {
      ...http,
      takesUnsigned: ({ path, headers }) =>
        KEYS.test(path) || String(headers["x-amz-target"]).startsWith(`${TARGET}.`),
      async handle(request, response, call) {
        const poolId = request.method === "GET" ? KEYS.exec(request.path)?.[1] : undefined;
        if (poolId === undefined) return http.handle(request, response, call);
        const { signingKey } = store.find(poolId);
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ keys: [publicJwk(signingKey)] }));
      },
    },
    operations,
    holderOf: signIns.holderOf,
    close: () => undefined,
  };
}
