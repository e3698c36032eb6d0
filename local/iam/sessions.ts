import { awsError } from "../core/errors";
import type { IssueCredentials } from "../core/seams";
import type { Caller } from "../core/service";
import { makeKeyPair, makeSessionToken } from "./identifiers";
import { type IamState, roleOfArn } from "./state";

const TWELVE_HOURS_SECONDS = 12 * 3600;

/** A role's session as a caller: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
export function sessionCaller(
  roleArn: string,
  sessionName: string,
  accountId: string,
  sessionContext?: Caller["sessionContext"],
): Caller {
  const roleName = roleArn.split("/").at(-1);
  const arn = `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
  return { kind: "role", arn, roleArn, ...(sessionContext && { sessionContext }), accountId };
}

/**
 * Issues and stores credentials of role sessions, and drops those that expired. Whether the caller may take the role on
 * was asked before.
 */
export function makeIssueCredentials(state: IamState): IssueCredentials {
  return ({ roleArn, sessionName, durationSeconds = TWELVE_HOURS_SECONDS, context }) => {
    const role = roleOfArn(state, roleArn);
    if (!role) throw awsError("NoSuchEntity", 404, `The role ${roleArn} cannot be found.`);
    const nowMs = Date.now();
    for (const session of Object.values(state.sessions)) {
      // Kept a day longer than they are good for, so that a late caller hears "expired", not "unknown".
      if (session.expirationMs < nowMs - 24 * 3600_000) delete state.sessions[session.accessKeyId];
    }
    const credentials = { ...makeKeyPair("ASIA"), sessionToken: makeSessionToken() };
    const expirationMs = nowMs + durationSeconds * 1000;
    state.sessions[credentials.accessKeyId] = {
      ...credentials,
      roleName: role.name,
      roleId: role.id,
      sessionName,
      context,
      expirationMs,
    };
    state.saveSessions();
    return { ...credentials, expiration: new Date(expirationMs) };
  };
}
