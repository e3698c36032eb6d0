import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { arnOfIdentity, type IdentityInput, identityOf, requireIdentity } from "./identities";
import { cutPage, type PageInput } from "./inputs";
import { type NewIdentityInput, newIdentity } from "./newIdentity";
import { checkNoPolicies } from "./roles";
import type { IamState, Identity } from "./state";
import { writeTags } from "./tags";

/** CreateUser, GetUser, DeleteUser, ListUsers: a device that has keys of its own is a user. */
export function makeUserOperations(state: IamState) {
  const { users, accessKeys } = state.document;

  const create: Operation = async (input: NewIdentityInput, call) => {
    const user = await newIdentity(state, "User", input, call);
    users[user.name] = user;
    state.save();
    return { User: writeUser(user) };
  };

  const get: Operation = async (input: IdentityInput, call) => {
    // Without a name, the user who asks.
    const named = { UserName: input.UserName ?? identityOf(state, call.caller)?.name };
    await call.authorize({ action: "iam:GetUser", resource: arnOfIdentity(state, "User", named) });
    return { User: writeUser(requireIdentity(state, "User", named)) };
  };

  const remove: Operation = async (input: IdentityInput, call) => {
    await call.authorize({ action: "iam:DeleteUser", resource: arnOfIdentity(state, "User", input) });
    const user = requireIdentity(state, "User", input);
    if (Object.values(accessKeys).some(({ userName }) => userName === user.name)) {
      throw awsError("DeleteConflict", 409, "Cannot delete entity, must delete access keys first.");
    }
    checkNoPolicies(user);
    delete users[user.name];
    state.save();
    return {};
  };

  const list: Operation = async (input: PageInput, call) => {
    await call.authorize({ action: "iam:ListUsers", resource: "*" });
    const found = Object.values(users).filter(({ path }) => path.startsWith(input.PathPrefix ?? "/"));
    const { shown, rest } = cutPage(found, ({ name }) => name, input);
    // Listings leave tags out (API page ListUsers).
    return { Users: shown.map((user) => ({ ...writeUser(user), Tags: undefined })), ...rest };
  };

  return { create, get, remove, list };
}

const writeUser = (user: Identity) => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: user.arn,
  CreateDate: new Date(user.createdMs),
  Tags: Object.keys(user.tags).length > 0 ? writeTags(user.tags) : undefined,
});
