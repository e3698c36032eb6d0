import { randomBytes, randomUUID } from "node:crypto";
import type {
  AdminCreateUserRequest,
  AdminGetUserRequest,
  AdminSetUserPasswordRequest,
  AdminUpdateUserAttributesRequest,
  ListUsersRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import { awsError } from "../../core/errors";
import type { Mail } from "../../core/mailbox";
import { byKey, page } from "../../core/page";
import type { Call, CloudDeps, Operation } from "../../core/service";
import { attributeList, mergeAttributes, readAttributes } from "./attributes";
import { checks, invalidParameter } from "./inputs";
import { setPassword } from "./passwords";
import type { User, UserPool, UserPools } from "./pools";

type UserInput = AdminGetUserRequest;

/** A new user, without a password. */
export function newUser(username: string, attributes: Record<string, string>, nowMs: number): User {
  const sub = randomUUID();
  return {
    username,
    sub,
    status: "UNCONFIRMED",
    enabled: true,
    attributes: { sub, ...attributes },
    signIns: {},
    createdMs: nowMs,
    modifiedMs: nowMs,
  };
}

/** A temporary password that satisfies any policy. */
const makePassword = () => `${randomBytes(12).toString("base64url")}aA1!`;

/** The operations of administrators on users. */
export function makeUserOperations({ clock }: CloudDeps, store: UserPools, send: (mail: Mail) => void) {
  const describe = (user: User) => ({
    Username: user.username,
    UserCreateDate: new Date(user.createdMs),
    UserLastModifiedDate: new Date(user.modifiedMs),
    Enabled: user.enabled,
    UserStatus: user.status,
  });

  const open = async (action: string, input: UserInput, call: Call) => {
    await call.authorize(store.need(action, input.UserPoolId));
    const pool = store.find(input.UserPoolId);
    return { pool, user: store.findUser(pool, input.Username) };
  };

  /** An operation that changes a user and answers nothing. */
  const change =
    <Input extends UserInput>(action: string, apply: (user: User, input: Input, pool: UserPool) => void) =>
    async (input: Input, call: Call) => {
      const { pool, user } = await open(action, input, call);
      apply(user, input, pool);
      user.modifiedMs = clock.nowMs();
      store.save();
      return {};
    };

  const invite = (pool: UserPool, user: User, password: string) => {
    const to = user.attributes.email;
    if (!to) return;
    const text = `Your username is ${user.username} and temporary password is ${password}.`;
    send({
      from: "no-reply@verificationemail.com",
      to,
      subject: `Your temporary password for ${pool.name}`,
      text,
    });
  };

  const operations = {
    async AdminCreateUser(input: AdminCreateUserRequest, call) {
      await call.authorize(store.need("AdminCreateUser", input.UserPoolId));
      const pool = store.find(input.UserPoolId);
      const username = checks.required(input.Username, "username");
      if (store.lookUpUser(pool, username)) {
        throw awsError("UsernameExistsException", 400, "User account already exists");
      }
      const attributes = readAttributes(pool, input.UserAttributes);
      const user = newUser(username, attributes, clock.nowMs());
      const password = input.TemporaryPassword ?? makePassword();
      setPassword(pool, user, password, { permanent: false, nowMs: clock.nowMs() });
      pool.users[user.sub] = user;
      store.save();
      if (input.MessageAction !== "SUPPRESS") invite(pool, user, password);
      return { User: { ...describe(user), Attributes: attributeList(user.attributes) } };
    },

    async AdminGetUser(input: UserInput, call) {
      const { user } = await open("AdminGetUser", input, call);
      return { ...describe(user), UserAttributes: attributeList(user.attributes) };
    },

    AdminSetUserPassword: change<AdminSetUserPasswordRequest>("AdminSetUserPassword", (user, input, pool) => {
      const password = checks.required(input.Password, "password");
      setPassword(pool, user, password, { permanent: input.Permanent ?? false, nowMs: clock.nowMs() });
    }),

    AdminUpdateUserAttributes: change<AdminUpdateUserAttributesRequest>(
      "AdminUpdateUserAttributes",
      (user, input, pool) => {
        const attributes = readAttributes(pool, input.UserAttributes);
        user.attributes = mergeAttributes(pool, user.attributes, attributes);
      },
    ),

    AdminConfirmSignUp: change("AdminConfirmSignUp", (user) => {
      user.status = "CONFIRMED";
    }),
    AdminEnableUser: change("AdminEnableUser", (user) => {
      user.enabled = true;
    }),
    AdminDisableUser: change("AdminDisableUser", (user) => {
      user.enabled = false;
      user.signIns = {};
    }),
    AdminUserGlobalSignOut: change("AdminUserGlobalSignOut", (user) => {
      user.signIns = {};
    }),

    async AdminDeleteUser(input: UserInput, call) {
      const { pool, user } = await open("AdminDeleteUser", input, call);
      delete pool.users[user.sub];
      store.save();
      return {};
    },

    async ListUsers(input: ListUsersRequest, call) {
      await call.authorize(store.need("ListUsers", input.UserPoolId));
      checks.unsupported(input, ["Filter"]);
      const users = Object.values(store.find(input.UserPoolId).users).sort(byKey(({ sub }) => sub));
      const limit = checks.range(input.Limit, "limit", 1, 60) ?? 60;
      const badToken = () => invalidParameter("The PaginationToken is not one that this operation gave");
      const listed = page(users, ({ sub }) => sub, { limit, token: input.PaginationToken, badToken });
      const Users = listed.items.map((user) => ({
        ...describe(user),
        Attributes: attributeList(user.attributes),
      }));
      return { Users, PaginationToken: listed.nextToken };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
