import { randomBytes } from "node:crypto";
import type {
  CreateUserPoolClientRequest,
  DescribeUserPoolClientRequest,
  UpdateUserPoolClientRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import { entryOf } from "../../core/entryOf";
import { byKey, page } from "../../core/page";
import type { CloudDeps, Operation } from "../../core/service";
import { checks, invalidParameter, notFound } from "./inputs";
import type { AppClient, UserPool, UserPools } from "./pools";

const FLOWS = ["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH", "USER_AUTH"];
const ALLOWED_FLOWS = [...FLOWS, "ADMIN_USER_PASSWORD_AUTH"].map((flow) => `ALLOW_${flow}`);

/** Members of the hosted sign-in pages, which this cloud has not. */
const UNSUPPORTED = [
  "AllowedOAuthFlows",
  "CallbackURLs",
  "LogoutURLs",
  "DefaultRedirectURI",
  "AnalyticsConfiguration",
];

/** The operations on the apps that users sign in with. */
export function makeClientOperations({ clock }: CloudDeps, store: UserPools) {
  const describe = (pool: UserPool, { id, settings, createdMs, modifiedMs }: AppClient) => ({
    RefreshTokenValidity: 30,
    PreventUserExistenceErrors: "ENABLED",
    EnableTokenRevocation: true,
    ...settings,
    GenerateSecret: undefined,
    ClientId: id,
    UserPoolId: pool.id,
    CreationDate: new Date(createdMs),
    LastModifiedDate: new Date(modifiedMs),
  });

  const open = (input: { UserPoolId?: string; ClientId?: string }) => {
    const pool = store.find(input.UserPoolId);
    const id = checks.required(input.ClientId, "clientId");
    const client = entryOf(pool.clients, id);
    if (!client) throw notFound(`User pool client ${id} does not exist.`);
    return { pool, client };
  };

  const operations = {
    async CreateUserPoolClient(input: CreateUserPoolClientRequest, call) {
      await call.authorize(store.need("CreateUserPoolClient", input.UserPoolId));
      const pool = store.find(input.UserPoolId);
      const settings = readSettings(pool, input);
      const nowMs = clock.nowMs();
      const id = randomBytes(20).toString("hex").slice(0, 26);
      const secret = input.GenerateSecret ? { ClientSecret: randomBytes(32).toString("hex") } : {};
      const client: AppClient = {
        id,
        settings: { ...settings, ...secret },
        createdMs: nowMs,
        modifiedMs: nowMs,
      };
      pool.clients[id] = client;
      store.save();
      return { UserPoolClient: describe(pool, client) };
    },

    async DescribeUserPoolClient(input: DescribeUserPoolClientRequest, call) {
      await call.authorize(store.need("DescribeUserPoolClient", input.UserPoolId));
      const { pool, client } = open(input);
      return { UserPoolClient: describe(pool, client) };
    },

    async UpdateUserPoolClient(input: UpdateUserPoolClientRequest, call) {
      await call.authorize(store.need("UpdateUserPoolClient", input.UserPoolId));
      const { pool, client } = open(input);
      const { ClientId: _id, ...change } = input;
      const name = { ClientName: input.ClientName ?? client.settings.ClientName };
      const { ClientSecret } = client.settings;
      // What an update leaves out goes back to its default ("UpdateUserPoolClient", API reference).
      client.settings = {
        ...readSettings(pool, { ...change, ...name }),
        ...(ClientSecret && { ClientSecret }),
      };
      client.modifiedMs = clock.nowMs();
      store.save();
      return { UserPoolClient: describe(pool, client) };
    },

    async DeleteUserPoolClient(input: DescribeUserPoolClientRequest, call) {
      await call.authorize(store.need("DeleteUserPoolClient", input.UserPoolId));
      const { pool, client } = open(input);
      delete pool.clients[client.id];
      store.save();
      return undefined;
    },

    async ListUserPoolClients(input: { UserPoolId?: string; NextToken?: string; MaxResults?: number }, call) {
      await call.authorize(store.need("ListUserPoolClients", input.UserPoolId));
      const pool = store.find(input.UserPoolId);
      const limit = checks.range(input.MaxResults, "maxResults", 1, 60) ?? 60;
      const sorted = Object.values(pool.clients).sort(byKey(({ id }) => id));
      const badToken = () => invalidParameter("The NextToken is not one that this operation gave");
      const listed = page(sorted, ({ id }) => id, { limit, token: input.NextToken, badToken });
      const UserPoolClients = listed.items.map(({ id, settings }) => ({
        ClientId: id,
        ClientName: settings.ClientName,
        UserPoolId: pool.id,
      }));
      return { UserPoolClients, NextToken: listed.nextToken };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

function readSettings(pool: UserPool, input: CreateUserPoolClientRequest): CreateUserPoolClientRequest {
  checks.required(input.ClientName, "clientName");
  checks.unsupported(input, UNSUPPORTED);
  for (const flow of input.ExplicitAuthFlows ?? []) checks.oneOf(flow, "explicitAuthFlows", ALLOWED_FLOWS);
  const custom = pool.customAttributes.map(({ Name }) => Name);
  for (const name of [...(input.ReadAttributes ?? []), ...(input.WriteAttributes ?? [])]) {
    if (name.startsWith("custom:") && !custom.includes(name)) {
      throw invalidParameter(`Invalid read/write attributes specified while creating a client: ${name}`);
    }
  }
  return input;
}
