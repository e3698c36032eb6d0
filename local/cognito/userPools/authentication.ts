import { createHmac, randomBytes } from "node:crypto";
import type {
  InitiateAuthRequest,
  RespondToAuthChallengeRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import { awsError } from "../../core/errors";
import type { CloudDeps, Operation } from "../../core/service";
import { mergeAttributes, readAttributes } from "./attributes";
import { checks, invalidParameter, notAuthorized } from "./inputs";
import { hasPassword, setPassword } from "./passwords";
import type { AppClient, User, UserPool, UserPools } from "./pools";
import type { SignIns } from "./signIn";
import { beginExchange, makeVerifier, type SrpExchange } from "./srp";
import { isTotp } from "./totp";

/** How long a challenge waits for its answer. */
const SESSION_MS = 3 * 60_000;

/** A sign-in that waits for an answer. Nothing of it outlives a restart: apps begin anew then. */
interface Pending {
  challenge: string;
  pool: UserPool;
  client: AppClient;
  /** Nobody, where an app is not to learn that there is no such user. */
  user?: User;
  exchange?: SrpExchange;
  expiresMs: number;
}

/** What an app gets: tokens, or what it is asked next. */
type Answer = { ChallengeParameters: Record<string, string> } & Record<string, unknown>;

/** Sign-ins that are under way; also setting an authenticator app up belongs to one. */
export interface Authentication {
  operations: Record<"InitiateAuth" | "RespondToAuthChallenge", Operation>;
  /** The user who is to set up an authenticator app before the sign-in goes on. @throws NotAuthorizedException */
  userSettingUpMfa(session: string): User;
  /** Another session for the same sign-in. */
  renew(session: string): string;
}

const wrongPassword = () => notAuthorized("Incorrect username or password.");

/** Makes the operations by which users sign in. No permission of IAM's is needed for them. */
export function makeAuthentication(deps: CloudDeps, store: UserPools, signIns: SignIns): Authentication {
  const pending = new Map<string, Pending>();

  const ask = (what: Omit<Pending, "expiresMs">, parameters: Record<string, string>): Answer => {
    const session = randomBytes(48).toString("base64");
    pending.set(session, { ...what, expiresMs: Date.now() + SESSION_MS });
    return { ChallengeName: what.challenge, Session: session, ChallengeParameters: parameters };
  };

  const take = (session: string | undefined, challenge: string | undefined): Pending => {
    const found = pending.get(session ?? "");
    if (!found || found.challenge !== challenge) throw notAuthorized("Invalid session for the user.");
    pending.delete(session as string);
    if (found.expiresMs <= Date.now())
      throw notAuthorized("Invalid session for the user, session is expired.");
    return found;
  };

  /** What follows a right password: a new one, a second factor, or tokens. */
  const goOn = (pool: UserPool, client: AppClient, user: User, knowsSecondFactor = false): Answer => {
    const forSrp = { USER_ID_FOR_SRP: user.username };
    if (!user.enabled) throw notAuthorized("User is disabled.");
    if (user.status === "UNCONFIRMED")
      throw awsError("UserNotConfirmedException", 400, "User is not confirmed.");
    if (user.status === "FORCE_CHANGE_PASSWORD") {
      if ((user.passwordExpiresMs ?? 0) <= deps.clock.nowMs()) {
        throw notAuthorized("Temporary password has expired and must be reset by an administrator.");
      }
      const userAttributes = JSON.stringify(user.attributes);
      return ask(
        { challenge: "NEW_PASSWORD_REQUIRED", pool, client, user },
        { ...forSrp, requiredAttributes: "[]", userAttributes },
      );
    }
    const mfa = pool.settings.MfaConfiguration ?? "OFF";
    if (mfa !== "OFF" && !knowsSecondFactor) {
      if (user.totpVerified) return ask({ challenge: "SOFTWARE_TOKEN_MFA", pool, client, user }, forSrp);
      const setUp = { ...forSrp, MFAS_CAN_SETUP: '["SOFTWARE_TOKEN_MFA"]' };
      if (mfa === "ON") return ask({ challenge: "MFA_SETUP", pool, client, user }, setUp);
    }
    return { ChallengeParameters: {}, AuthenticationResult: signIns.begin(pool, client, user) };
  };

  const beginSrp = (
    pool: UserPool,
    client: AppClient,
    username: string,
    srpA: string | undefined,
  ): Answer => {
    const user = store.lookUpUser(pool, username);
    if (!user && client.settings.PreventUserExistenceErrors === "LEGACY") throw noUser();
    const identity = { poolId: pool.id, username: user?.username ?? username };
    const kept = user?.password ?? makeVerifier(identity, randomBytes(16).toString("hex"));
    const exchange = beginExchange(identity, kept, srpA ?? "");
    if (!exchange) throw invalidParameter("Invalid SRP_A");
    const { ChallengeName, Session, ChallengeParameters } = ask(
      { challenge: "PASSWORD_VERIFIER", pool, client, user, exchange },
      { SALT: kept.salt, SRP_B: exchange.B, USERNAME: identity.username, USER_ID_FOR_SRP: identity.username },
    );
    // The block that the app signs is what its answer is known by.
    return { ChallengeName, ChallengeParameters: { ...ChallengeParameters, SECRET_BLOCK: String(Session) } };
  };

  const checkPasswordOf = (pool: UserPool, client: AppClient, username: string, password: string): Answer => {
    const user = store.lookUpUser(pool, username);
    if (!user && client.settings.PreventUserExistenceErrors === "LEGACY") throw noUser();
    if (!user || !hasPassword(pool, user, password)) throw wrongPassword();
    return goOn(pool, client, user);
  };

  const operations = {
    async InitiateAuth(input: InitiateAuthRequest) {
      const { pool, client } = store.findClient(input.ClientId);
      const { USERNAME, PASSWORD, SRP_A, REFRESH_TOKEN, SECRET_HASH } = input.AuthParameters ?? {};
      const flow = checks.required(input.AuthFlow, "authFlow");
      checkFlow(client, flow);
      if (flow === "REFRESH_TOKEN_AUTH" || flow === "REFRESH_TOKEN") {
        const token = checks.required(REFRESH_TOKEN, "REFRESH_TOKEN");
        return { ChallengeParameters: {}, AuthenticationResult: signIns.refresh(pool, client, token) };
      }
      const username = required(USERNAME, "USERNAME");
      checkSecret(client, username, SECRET_HASH);
      if (flow === "USER_SRP_AUTH") return beginSrp(pool, client, username, SRP_A);
      return checkPasswordOf(pool, client, username, required(PASSWORD, "PASSWORD"));
    },

    async RespondToAuthChallenge(input: RespondToAuthChallengeRequest) {
      const { client } = store.findClient(input.ClientId);
      const { ChallengeName: name, ChallengeResponses: given = {} } = input;
      checkSecret(client, given.USERNAME ?? "", given.SECRET_HASH);
      const session = name === "PASSWORD_VERIFIER" ? given.PASSWORD_CLAIM_SECRET_BLOCK : input.Session;
      const { pool, user, exchange } = take(session, name);
      if (name === "PASSWORD_VERIFIER") {
        const claim = {
          signature: required(given.PASSWORD_CLAIM_SIGNATURE, "PASSWORD_CLAIM_SIGNATURE"),
          secretBlock: Buffer.from(session ?? "", "base64"),
          timestamp: required(given.TIMESTAMP, "TIMESTAMP"),
        };
        if (!user || !exchange?.isSignedBy(claim)) throw wrongPassword();
        return goOn(pool, client, user);
      }
      if (!user) throw wrongPassword();
      if (name === "NEW_PASSWORD_REQUIRED") {
        const password = required(given.NEW_PASSWORD, "NEW_PASSWORD");
        setPassword(pool, user, password, { permanent: true, nowMs: deps.clock.nowMs() });
        const attributes = Object.entries(given).filter(([key]) => key.startsWith("userAttributes."));
        const list = attributes.map(([key, Value]) => ({ Name: key.slice("userAttributes.".length), Value }));
        user.attributes = mergeAttributes(pool, user.attributes, readAttributes(pool, list));
        store.save();
        return goOn(pool, client, user);
      }
      if (name === "SOFTWARE_TOKEN_MFA") {
        if (!isTotp(user.totpSecret ?? "", given.SOFTWARE_TOKEN_MFA_CODE ?? "")) {
          throw awsError("CodeMismatchException", 400, "Invalid code received for user");
        }
        return goOn(pool, client, user, true);
      }
      if (!user.totpVerified) throw invalidParameter("The authenticator app is not verified yet.");
      return goOn(pool, client, user, true);
    },
  } satisfies Record<string, Operation>;

  return {
    operations,
    userSettingUpMfa(session) {
      const found = pending.get(session);
      if (!found?.user || found.challenge !== "MFA_SETUP")
        throw notAuthorized("Invalid session for the user.");
      return found.user;
    },
    renew(session) {
      const { expiresMs: _expiresMs, ...what } = take(session, "MFA_SETUP");
      return String(ask(what, {}).Session);
    },
  };
}

/** A member of the parameters, which Cognito names in its error. */
function required(value: string | undefined, name: string): string {
  if (!value) throw invalidParameter(`Missing required parameter ${name}`);
  return value;
}

const noUser = () => awsError("UserNotFoundException", 400, "User does not exist.");

/** What apps may do that say nothing of it ("ExplicitAuthFlows", CreateUserPoolClient). */
const DEFAULT_FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"];

function checkFlow({ settings }: AppClient, flow: string): void {
  const name = flow === "REFRESH_TOKEN" ? "REFRESH_TOKEN_AUTH" : flow;
  if (!["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH"].includes(name)) {
    throw invalidParameter(`The local cloud has no authentication flow ${flow}`);
  }
  const allowed: string[] = settings.ExplicitAuthFlows ?? DEFAULT_FLOWS;
  if (!allowed.includes(`ALLOW_${name}`)) throw invalidParameter(`${flow} flow not enabled for this client`);
}

/** An app with a secret proves that it has it ("Computing secret hash values", developer guide). */
export function checkSecret({ id, settings }: AppClient, username: string, hash: string | undefined): void {
  const secret = (settings as { ClientSecret?: string }).ClientSecret;
  if (!secret) return;
  const expected = createHmac("sha256", secret)
    .update(username + id)
    .digest("base64");
  if (hash === undefined) {
    throw notAuthorized(`Client ${id} is configured with secret but SECRET_HASH was not received`);
  }
  if (hash !== expected) throw notAuthorized(`SecretHash does not match for the client: ${id}`);
}
