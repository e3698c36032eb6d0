import { entryOf } from "../core/entryOf";
import type { CloudDeps } from "../core/service";

/** What users and roles have in common; IAM calls both identities. */
export interface Identity {
  name: string;
  /** IAM's unique id (`AROA…`, `AIDA…`): a role made anew under an old name is another role. */
  id: string;
  /** `/` or `/division/team/`. */
  path: string;
  arn: string;
  createdMs: number;
  tags: Record<string, string>;
  /** Documents (JSON text, as it was put) by policy name. */
  inlinePolicies: Record<string, string>;
  attachedPolicyArns: string[];
}

/** A role: an identity that others take on. */
export interface Role extends Identity {
  trustPolicy: string;
  description?: string;
  maxSessionSeconds: number;
}

/** A managed policy and its versions, oldest first. */
export interface ManagedPolicy {
  name: string;
  id: string;
  path: string;
  arn: string;
  description?: string;
  createdMs: number;
  updatedMs: number;
  tags: Record<string, string>;
  versions: { id: string; document: string; createdMs: number }[];
  defaultVersionId: string;
  /** Version numbers are never used again. */
  lastVersion: number;
}

/** A user's long-lived key pair. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  userName: string;
  active: boolean;
  createdMs: number;
}

/** Temporary credentials of a role. Times are the machine's: the clients that hold them look at its clock. */
export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  roleName: string;
  roleId: string;
  sessionName: string;
  /** Condition keys that the session brings, such as its tags. */
  context?: Record<string, string | string[]>;
  expirationMs: number;
}

/** All that IAM keeps but sessions. */
export interface IamDocument {
  roles: Record<string, Role>;
  users: Record<string, Identity>;
  /** By ARN. */
  policies: Record<string, ManagedPolicy>;
  /** By access key id. */
  accessKeys: Record<string, AccessKey>;
}

/** IAM's state and what its operations need besides. */
export interface IamState {
  document: IamDocument;
  /** Sessions by access key id; apart from the rest, for they come and go while policies stay. */
  sessions: Record<string, Session>;
  accountId: string;
  nowMs(): number;
  /** Stores the document; decisions made on the old one are forgotten. */
  save(): void;
  saveSessions(): void;
  onChange(listener: () => void): void;
}

/** Opens IAM's documents (`iam.json`, `iam-sessions.json`) in the store. */
export function openIamState({ store, clock, accountId }: CloudDeps): IamState {
  const iam = store.document<IamDocument>("iam", { roles: {}, users: {}, policies: {}, accessKeys: {} });
  const sessions = store.document<Record<string, Session>>("iam-sessions", {});
  const listeners: (() => void)[] = [];
  return {
    document: iam.value,
    sessions: sessions.value,
    accountId,
    nowMs: clock.nowMs,
    save() {
      iam.save();
      for (const listener of listeners) listener();
    },
    saveSessions: sessions.save,
    onChange: (listener) => listeners.push(listener),
  };
}

/** The role of an ARN, if there is one. */
export function roleOfArn(state: IamState, roleArn: string): Role | undefined {
  const role = entryOf(state.document.roles, roleArn.split("/").at(-1) ?? "");
  return role?.arn === roleArn ? role : undefined;
}
