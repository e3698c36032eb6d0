import { entryOf } from "../core/entryOf";
import type { CredentialScope, Gatekeeper } from "../core/server";
import type { Caller } from "../core/service";
import { wasIssuedHere } from "./identifiers";
import { sessionCaller } from "./sessions";
import { equal, readSignature, type SentSignature, signatureMatches } from "./signature";
import { type SignatureErrors, signatureErrors } from "./signatureErrors";
import type { IamState } from "./state";

const MINUTE_MS = 60_000;

/**
 * Tells who signed a request.
 *
 * Keys that this IAM issued are checked fully: signature, session token, expiration. With `acceptAnyOwnerKey` every other
 * key is the account owner's; its secret is unknown here, so of its signature only date and region are checked.
 *
 * Dates are judged by the machine's real time, never by the cloud's clock: real clients sign with their own date,
 * however fast the cloud runs. A signature is good for 5 minutes before and after (15 for S3), a
 * presigned URL for as long as it says.
 */
export function makeAuthenticate(options: {
  state: IamState;
  region: string;
  acceptAnyOwnerKey: boolean;
}): Gatekeeper["authenticate"] {
  const { state, region, acceptAnyOwnerKey } = options;
  return async (request, scope, bodyWasRead) => {
    const errors = signatureErrors(request, scope);
    const sent = readSignature(request);
    if ("problem" in sent) throw errors.incomplete(sent.problem);
    checkRegion(scope, region, errors);
    checkDate(sent, scope, errors);

    const key = findKey(state, scope.accessKeyId);
    if (!key) {
      if (wasIssuedHere(scope.accessKeyId) || !acceptAnyOwnerKey) throw errors.unknownKey();
      return ownerCaller(state.accountId);
    }
    if (key.sessionToken && !equal(key.sessionToken, sent.sessionToken ?? "")) throw errors.invalidToken();
    if (key.expirationMs !== undefined && key.expirationMs <= Date.now()) throw errors.expiredToken();
    if (!(await signatureMatches(request, scope, sent, key.secretAccessKey, bodyWasRead))) {
      throw errors.mismatch();
    }
    return key.caller;
  };
}

const ownerCaller = (accountId: string): Caller => ({
  kind: "owner",
  arn: `arn:aws:iam::${accountId}:root`,
  accountId,
});

interface Key {
  secretAccessKey: string;
  sessionToken?: string;
  expirationMs?: number;
  caller: Caller;
}

function findKey({ document, sessions, accountId }: IamState, accessKeyId: string): Key | undefined {
  const session = entryOf(sessions, accessKeyId);
  if (session) {
    const role = entryOf(document.roles, session.roleName);
    // The sessions of a deleted role died with it, even if a role of that name exists again.
    if (role?.id !== session.roleId) return undefined;
    return { ...session, caller: sessionCaller(role.arn, session.sessionName, accountId, session.context) };
  }
  const accessKey = entryOf(document.accessKeys, accessKeyId);
  const user = accessKey?.active ? entryOf(document.users, accessKey.userName) : undefined;
  if (!accessKey || !user) return undefined;
  return { secretAccessKey: accessKey.secretAccessKey, caller: { kind: "user", arn: user.arn, accountId } };
}

function checkRegion(scope: CredentialScope, region: string, errors: SignatureErrors): void {
  if (scope.region === region) return;
  // IAM and the global endpoint of STS are signed for us-east-1 wherever the client is.
  const isGlobal = scope.signingName === "iam" || scope.signingName === "sts";
  if (!(isGlobal && scope.region === "us-east-1")) throw errors.wrongRegion(scope.region, region);
}

function checkDate(sent: SentSignature, scope: CredentialScope, errors: SignatureErrors): void {
  const nowMs = Date.now();
  const signedMs = sent.signingDate.getTime();
  const now = new Date(nowMs).toISOString();
  const toleranceMinutes = scope.signingName === "s3" ? 15 : 5;
  const expiresMs = sent.presigned
    ? signedMs + (sent.expiresSeconds ?? 0) * 1000
    : signedMs + toleranceMinutes * MINUTE_MS;
  if (sent.presigned && nowMs > expiresMs) {
    throw errors.presignedExpired(new Date(expiresMs).toISOString(), now);
  }
  if (nowMs > expiresMs || signedMs > nowMs + toleranceMinutes * MINUTE_MS) {
    throw errors.skewed(sent.signingDate.toISOString(), now, toleranceMinutes);
  }
  const day = sent.signingDate.toISOString().slice(0, 10).replaceAll("-", "");
  if (scope.date !== day) throw errors.incomplete(`the credential is of ${scope.date}, X-Amz-Date of ${day}`);
}
