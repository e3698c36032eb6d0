import type {
  CreateUserPoolRequest,
  DescribeUserPoolRequest,
  SetUserPoolMfaConfigRequest,
  UpdateUserPoolRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import { byKey, page } from "../../core/page";
import type { CloudDeps, Operation } from "../../core/service";
import { requestTagContext } from "../../core/tagContext";
import { makePoolTagOperations } from "../poolTags";
import { readSchema } from "./attributes";
import { checks, invalidParameter } from "./inputs";
import { passwordPolicyOf } from "./passwords";
import type { PoolSettings, UserPool, UserPools } from "./pools";
import { makeSigningKey } from "./tokens";

/** Members that would do something that pools here do not. */
const UNSUPPORTED = ["LambdaConfig", "SmsConfiguration", "UserPoolAddOns", "DeviceConfiguration"];
/** Members of UpdateUserPool that are not settings. */
const NOT_SETTINGS = ["UserPoolId", "UserPoolTags", "PoolName", "Schema"];
/** What cannot be changed once a pool is made. */
const FIXED = ["UsernameConfiguration", "UsernameAttributes", "AliasAttributes"] as const;

/** The operations on user pools. */
export function makePoolOperations({ clock }: CloudDeps, store: UserPools) {
  const describe = (pool: UserPool) => ({
    Id: pool.id,
    Name: pool.name,
    Arn: store.arnOf(pool.id),
    CreationDate: new Date(pool.createdMs),
    LastModifiedDate: new Date(pool.modifiedMs),
    MfaConfiguration: "OFF",
    DeletionProtection: "INACTIVE",
    UserPoolTier: "ESSENTIALS",
    ...pool.settings,
    Policies: { ...pool.settings.Policies, PasswordPolicy: passwordPolicyOf(pool) },
    AdminCreateUserConfig: { AllowAdminCreateUserOnly: false, ...pool.settings.AdminCreateUserConfig },
    SchemaAttributes: pool.customAttributes,
    UserPoolTags: pool.tags,
    EstimatedNumberOfUsers: Object.keys(pool.users).length,
  });

  const mfaConfiguration = (pool: UserPool) => ({
    SoftwareTokenMfaConfiguration: pool.softwareTokenMfa ? { Enabled: true } : undefined,
    MfaConfiguration: pool.settings.MfaConfiguration ?? "OFF",
  });

  const operations = {
    async CreateUserPool(input: CreateUserPoolRequest, call) {
      const tags = input.UserPoolTags ?? {};
      const name = checks.required(input.PoolName, "poolName");
      await call.authorize({
        action: "cognito-idp:CreateUserPool",
        resource: "*",
        context: requestTagContext(tags),
      });
      checks.pattern(name, "poolName", /[\w\s+=,.@-]{1,128}/);
      const nowMs = clock.nowMs();
      const pool: UserPool = {
        id: store.newPoolId(),
        name,
        settings: readSettings(input),
        customAttributes: readSchema(input.Schema ?? []),
        softwareTokenMfa: false,
        tags,
        clients: {},
        users: {},
        signingKey: makeSigningKey(),
        createdMs: nowMs,
        modifiedMs: nowMs,
      };
      store.pools[pool.id] = pool;
      store.save();
      return { UserPool: describe(pool) };
    },

    async DescribeUserPool(input: DescribeUserPoolRequest, call) {
      await call.authorize(store.need("DescribeUserPool", input.UserPoolId));
      return { UserPool: describe(store.find(input.UserPoolId)) };
    },

    async UpdateUserPool(input: UpdateUserPoolRequest, call) {
      const context = requestTagContext(input.UserPoolTags ?? {});
      await call.authorize(store.need("UpdateUserPool", input.UserPoolId, context));
      const pool = store.find(input.UserPoolId);
      const fixed = FIXED.map((name) => [name, pool.settings[name]]);
      // What an update leaves out goes back to its default ("UpdateUserPool", API reference).
      pool.settings = { ...readSettings(input), ...(Object.fromEntries(fixed) as PoolSettings) };
      if (input.PoolName) pool.name = input.PoolName;
      if (input.UserPoolTags) pool.tags = input.UserPoolTags;
      pool.modifiedMs = clock.nowMs();
      store.save();
      return {};
    },

    async DeleteUserPool(input: DescribeUserPoolRequest, call) {
      await call.authorize(store.need("DeleteUserPool", input.UserPoolId));
      const pool = store.find(input.UserPoolId);
      if (pool.settings.DeletionProtection === "ACTIVE") {
        throw invalidParameter(
          "The user pool cannot be deleted because deletion protection is activated. Deactivate it first.",
        );
      }
      delete store.pools[pool.id];
      store.save();
      return {};
    },

    async ListUserPools(input: { NextToken?: string; MaxResults?: number }, call) {
      await call.authorize({ action: "cognito-idp:ListUserPools", resource: "*" });
      const limit = checks.range(
        checks.required(input.MaxResults, "maxResults"),
        "maxResults",
        1,
        60,
      ) as number;
      const sorted = Object.values(store.pools).sort(byKey(({ id }) => id));
      const badToken = () => invalidParameter("The NextToken is not one that this operation gave");
      const listed = page(sorted, ({ id }) => id, { limit, token: input.NextToken, badToken });
      const UserPools = listed.items.map(({ id, name, createdMs, modifiedMs }) => ({
        Id: id,
        Name: name,
        CreationDate: new Date(createdMs),
        LastModifiedDate: new Date(modifiedMs),
      }));
      return { UserPools, NextToken: listed.nextToken };
    },

    async SetUserPoolMfaConfig(input: SetUserPoolMfaConfigRequest, call) {
      await call.authorize(store.need("SetUserPoolMfaConfig", input.UserPoolId));
      checks.unsupported(input, ["SmsMfaConfiguration", "EmailMfaConfiguration", "WebAuthnConfiguration"]);
      const pool = store.find(input.UserPoolId);
      const mode = checks.oneOf(input.MfaConfiguration, "mfaConfiguration", ["OFF", "ON", "OPTIONAL"]);
      const softwareToken = input.SoftwareTokenMfaConfiguration?.Enabled ?? false;
      if (mode && mode !== "OFF" && !softwareToken) {
        throw invalidParameter("Invalid MFA configuration given: no MFA method is enabled.");
      }
      pool.settings.MfaConfiguration = mode ?? pool.settings.MfaConfiguration;
      pool.softwareTokenMfa = softwareToken;
      store.save();
      return mfaConfiguration(pool);
    },

    async GetUserPoolMfaConfig(input: DescribeUserPoolRequest, call) {
      await call.authorize(store.need("GetUserPoolMfaConfig", input.UserPoolId));
      return mfaConfiguration(store.find(input.UserPoolId));
    },

    ...makePoolTagOperations(store, checks),
  } satisfies Record<string, Operation>;
  return operations;
}

function readSettings(input: CreateUserPoolRequest | UpdateUserPoolRequest): PoolSettings {
  checks.unsupported(input, UNSUPPORTED);
  checks.oneOf(input.MfaConfiguration, "mfaConfiguration", ["OFF", "ON", "OPTIONAL"]);
  checks.range(input.Policies?.PasswordPolicy?.MinimumLength, "passwordPolicy.minimumLength", 6, 99);
  return Object.fromEntries(Object.entries(input).filter(([name]) => !NOT_SETTINGS.includes(name)));
}
