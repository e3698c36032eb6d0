import type { GetCredentialsForIdentityInput, GetIdInput } from "@aws-sdk/client-cognito-identity";
import { entryOf } from "../../core/entryOf";
import { awsError, isAwsError } from "../../core/errors";
import type { IssueCredentials } from "../../core/seams";
import type { CloudDeps, Operation } from "../../core/service";
import { principalTagContext } from "../../core/tagContext";
import type { Iam } from "../../iam";
import type { CognitoUserPools } from "../userPools";
import { checks, type Identity, type IdentityPool, type IdentityPools, type PrincipalTagMap } from "./pools";

/** What identities are made credentials with. */
export interface IdentityDeps extends CloudDeps {
  issueCredentials: IssueCredentials;
  trustsWebIdentity: Iam["trustsWebIdentity"];
  holderOf: CognitoUserPools["holderOf"];
}

/** A login that its provider vouched for. */
interface Login {
  provider: string;
  claims: Record<string, unknown> & { sub: string };
}

const PROVIDER = "cognito-identity.amazonaws.com";
const SESSION_SECONDS = 3600;
/** The tags of a provider whose map says to use the defaults ("Using attributes for access control", developer guide). */
const DEFAULT_TAGS: PrincipalTagMap["tags"] = { username: "sub", client: "aud" };

const notAuthorized = (message: string) => awsError("NotAuthorizedException", 400, message);

/** The operations by which apps get AWS credentials for their users. No permission of IAM's is needed for them. */
export function makeIdentityOperations(deps: IdentityDeps, store: IdentityPools) {
  const { clock, holderOf, issueCredentials, trustsWebIdentity } = deps;

  /** The login of a request: of a user pool that the identity pool has, for an app that it has. */
  const readLogin = (pool: IdentityPool, logins: Record<string, string> | undefined): Login | undefined => {
    const [entry, ...others] = Object.entries(logins ?? {});
    if (!entry) return undefined;
    if (others.length > 0) throw notAuthorized("The local cloud takes one login at a time.");
    const [provider, token] = entry;
    const providers = (pool.settings.CognitoIdentityProviders ?? []).filter(
      ({ ProviderName }) => ProviderName === provider,
    );
    if (providers.length === 0) {
      throw notAuthorized("Token is not from a supported provider of this identity pool.");
    }
    const { claims } = vouchedFor(token);
    const isOf = claims.iss === `https://${provider}`;
    if (!isOf || !providers.some(({ ClientId }) => ClientId === claims.aud)) {
      throw notAuthorized("Invalid login token. Incorrect token audience.");
    }
    return { provider, claims };
  };

  const vouchedFor = (token: string) => {
    try {
      return holderOf(token, "id");
    } catch (error) {
      if (isAwsError(error)) throw notAuthorized(`Invalid login token. ${error.message}.`);
      throw error;
    }
  };

  const identityOf = (pool: IdentityPool, login: Login | undefined): Identity => {
    const known = Object.values(store.identities).find(
      ({ poolId, logins }) => login && poolId === pool.id && logins[login.provider] === login.claims.sub,
    );
    if (known) return known;
    const nowMs = clock.nowMs();
    const logins = login ? { [login.provider]: login.claims.sub } : {};
    const identity = { id: store.newId(), poolId: pool.id, logins, createdMs: nowMs, modifiedMs: nowMs };
    store.identities[identity.id] = identity;
    store.save();
    return identity;
  };

  const checkGuest = (pool: IdentityPool, login: Login | undefined) => {
    if (login || pool.settings.AllowUnauthenticatedIdentities) return;
    throw notAuthorized("Unauthenticated access is not supported for this identity pool.");
  };

  const operations = {
    async GetId(input: GetIdInput) {
      const pool = store.find(input.IdentityPoolId);
      const login = readLogin(pool, input.Logins);
      checkGuest(pool, login);
      return { IdentityId: identityOf(pool, login).id };
    },

    async GetCredentialsForIdentity(input: GetCredentialsForIdentityInput) {
      checks.unsupported(input, ["CustomRoleArn"]);
      const id = checks.required(input.IdentityId, "identityId");
      const identity = entryOf(store.identities, id);
      if (!identity) throw awsError("ResourceNotFoundException", 400, `Identity '${id}' not found.`);
      const pool = store.find(identity.poolId);
      const login = readLogin(pool, input.Logins);
      checkGuest(pool, login);
      const [anySubject] = Object.values(identity.logins);
      if (login?.claims.sub !== (login ? identity.logins[login.provider] : anySubject)) {
        throw notAuthorized("Logins don't match. Please include at least one valid login for this identity.");
      }
      const roleArn = pool.roles[login ? "authenticated" : "unauthenticated"];
      const tags = login ? tagsOf(pool, login) : {};
      const said = sayingOf(pool, identity, login);
      if (!roleArn || !(await trustsWebIdentity(roleArn, PROVIDER, said, tags))) {
        throw awsError(
          "InvalidIdentityPoolConfigurationException",
          400,
          "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
        );
      }
      const credentials = issueCredentials({
        roleArn,
        sessionName: "CognitoIdentityCredentials",
        durationSeconds: SESSION_SECONDS,
        context: { ...said, ...principalTagContext(tags) },
      });
      return {
        IdentityId: id,
        Credentials: {
          AccessKeyId: credentials.accessKeyId,
          SecretKey: credentials.secretAccessKey,
          SessionToken: credentials.sessionToken,
          Expiration: credentials.expiration,
        },
      };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** What the pool says of an identity, to the role's trust policy and to policies after it. */
function sayingOf(pool: IdentityPool, identity: Identity, login: Login | undefined) {
  const amr = login
    ? ["authenticated", login.provider, `${login.provider}:CognitoSignIn:${login.claims.sub}`]
    : ["unauthenticated"];
  return { [`${PROVIDER}:aud`]: pool.id, [`${PROVIDER}:amr`]: amr, [`${PROVIDER}:sub`]: identity.id };
}

/** The session's tags, from the claims that the pool maps; a claim that the user has not makes none. */
function tagsOf(pool: IdentityPool, { provider, claims }: Login): Record<string, string> {
  const map = pool.principalTags[provider];
  const mapped = map?.useDefaults ? DEFAULT_TAGS : (map?.tags ?? {});
  const entries = Object.entries(mapped).map(([tag, claim]) => [tag, claims[claim]]);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined).map(([tag, value]) => [tag, String(value)]),
  );
}
