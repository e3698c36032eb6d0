import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Caller } from "../core/service";
import { checkName } from "./inputs";
import { type IamState, type Identity, roleOfArn } from "./state";

/** The two kinds of identity, as operation names and input members spell them. */
export type IdentityKind = "Role" | "User";

/** An input that names a role or a user. */
export interface IdentityInput {
  RoleName?: string;
  UserName?: string;
}

/** The role behind a session or the user behind a key, while it exists. */
export function identityOf(state: IamState, caller: Caller): Identity | undefined {
  if (caller.roleArn) return roleOfArn(state, caller.roleArn);
  if (caller.kind !== "user") return undefined;
  const user = entryOf(state.document.users, caller.arn.split("/").at(-1) ?? "");
  return user?.arn === caller.arn ? user : undefined;
}

/**
 * The ARN of a role or user by its name: the existing one's, or what one at the root path would have.
 * @throws ValidationError (400) for a name that no identity can have
 */
export function arnOfIdentity(state: IamState, kind: IdentityKind, input: IdentityInput): string {
  const name = nameOfIdentity(kind, input);
  return entryOf(identitiesOf(state, kind), name)?.arn ?? identityArn(state.accountId, kind, "/", name);
}

/** `arn:aws:iam::ACCOUNT:role/PATH/NAME`. */
export const identityArn = (accountId: string, kind: IdentityKind, path: string, name: string) =>
  `arn:aws:iam::${accountId}:${kind.toLowerCase()}${path}${name}`;

/**
 * The role or user that an input names.
 * @throws NoSuchEntity (404)
 */
export function requireIdentity(state: IamState, kind: IdentityKind, input: IdentityInput): Identity {
  const name = nameOfIdentity(kind, input);
  const identity = entryOf(identitiesOf(state, kind), name);
  if (identity) return identity;
  throw awsError("NoSuchEntity", 404, `The ${kind.toLowerCase()} with name ${name} cannot be found.`);
}

/**
 * The name that an input says.
 * @throws ValidationError (400) for a name that no identity can have
 */
export function nameOfIdentity(kind: IdentityKind, input: IdentityInput): string {
  return kind === "Role"
    ? checkName("roleName", input.RoleName, 64)
    : checkName("userName", input.UserName, 64);
}

/** All roles or all users, by name. */
export function identitiesOf(state: IamState, kind: IdentityKind): Record<string, Identity> {
  return kind === "Role" ? state.document.roles : state.document.users;
}
