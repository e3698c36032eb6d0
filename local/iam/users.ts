import { awsError } from "../core/errors";
import type { Operation } from "../core/service";
import { makeUniqueId } from "./identifiers";
import { arnOfIdentity, type IdentityInput, identityArn, identityOf, requireIdentity } from "./identities";
import { checkName, checkPath, cutPage, lookUp, type PageInput, refuseMembers } from "./inputs";
import { checkNoPolicies } from "./roles";
import type { IamState, Identity } from "./state";
import { readTags, type Tag, tagNeed, writeTags } from "./tags";

type UserInput = IdentityInput & { Path?: string; Tags?: Tag[] };

/** CreateUser, GetUser, DeleteUser, ListUsers: a device that has keys of its own is a user. */
export function makeUserOperations(state: IamState) {
  const { users, accessKeys } = state.document;

  const create: Operation = async (input: UserInput, call) => {
    const name = checkName("userName", input.UserName, 64);
    const path = checkPath(input.Path);
    const arn = identityArn(state.accountId, "User", path, name);
    await call.authorize(tagNeed("iam:CreateUser", arn, input.Tags));
    if (input.Tags?.length) await call.authorize(tagNeed("iam:TagUser", arn, input.Tags));
    refuseMembers(input, "PermissionsBoundary");
    if (lookUp(users, name)) {
      throw awsError("EntityAlreadyExists", 409, `User with name ${name} already exists.`);
    }
    const user: Identity = {
      name,
      id: makeUniqueId("AIDA"),
      path,
      arn,
      createdMs: state.nowMs(),
      tags: readTags(input.Tags),
      inlinePolicies: {},
      attachedPolicyArns: [],
    };
    users[name] = user;
    state.save();
    return { User: writeUser(user) };
  };

  const get: Operation = async (input: UserInput, call) => {
    // Without a name, the user who asks.
    const named = { UserName: input.UserName ?? identityOf(state, call.caller)?.name };
    await call.authorize({ action: "iam:GetUser", resource: arnOfIdentity(state, "User", named) });
    return { User: writeUser(requireIdentity(state, "User", named)) };
  };

  const remove: Operation = async (input: UserInput, call) => {
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
