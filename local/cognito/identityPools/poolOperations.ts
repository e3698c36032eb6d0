import type {
  CreateIdentityPoolInput,
  GetPrincipalTagAttributeMapInput,
  IdentityPool as IdentityPoolShape,
  SetIdentityPoolRolesInput,
  SetPrincipalTagAttributeMapInput,
} from "@aws-sdk/client-cognito-identity";
import { awsError } from "../../core/errors";
import { byKey, page } from "../../core/page";
import type { Call, Operation } from "../../core/service";
import { requestTagContext } from "../../core/tagContext";
import { makePoolTagOperations } from "../poolTags";
import { checks, type IdentityPool, type IdentityPools } from "./pools";

/** Kinds of providers that identity pools have and this cloud has not. */
const UNSUPPORTED = [
  ...["SupportedLoginProviders", "OpenIdConnectProviderARNs", "SamlProviderARNs", "DeveloperProviderName"],
  "CognitoStreams",
];
const MAX_TAG_MAPPINGS = 50;

interface PoolInput {
  IdentityPoolId?: string;
}

/** The operations on identity pools, their roles and the tags that they give. */
export function makePoolOperations(store: IdentityPools) {
  const describe = ({ id, settings, tags }: IdentityPool) => ({
    ...settings,
    IdentityPoolId: id,
    IdentityPoolTags: tags,
  });

  const open = async (action: string, input: PoolInput, call: Call) => {
    await call.authorize(store.need(action, input.IdentityPoolId));
    return store.find(input.IdentityPoolId);
  };
  /** Two operations have no resource that policies could name. */
  const openAny = async (action: string, input: PoolInput, call: Call) => {
    await call.authorize({ action: `cognito-identity:${action}`, resource: "*" });
    return store.find(input.IdentityPoolId);
  };

  const operations = {
    async CreateIdentityPool(input: CreateIdentityPoolInput, call) {
      const { IdentityPoolTags: tags = {}, ...settings } = input;
      const context = requestTagContext(tags);
      await call.authorize({ action: "cognito-identity:CreateIdentityPool", resource: "*", context });
      const pool: IdentityPool = {
        id: store.newId(),
        settings: checkSettings(settings),
        tags,
        roles: {},
        principalTags: {},
      };
      store.pools[pool.id] = pool;
      store.save();
      return describe(pool);
    },

    async DescribeIdentityPool(input: PoolInput, call) {
      return describe(await open("DescribeIdentityPool", input, call));
    },

    async UpdateIdentityPool(input: IdentityPoolShape, call) {
      const pool = await open("UpdateIdentityPool", input, call);
      const { IdentityPoolId: _id, IdentityPoolTags: tags, ...settings } = input;
      pool.settings = checkSettings(settings);
      if (tags) pool.tags = tags;
      store.save();
      return describe(pool);
    },

    async DeleteIdentityPool(input: PoolInput, call) {
      const { id } = await open("DeleteIdentityPool", input, call);
      delete store.pools[id];
      for (const identity of Object.values(store.identities)) {
        if (identity.poolId === id) delete store.identities[identity.id];
      }
      store.save();
      return undefined;
    },

    async ListIdentityPools(input: { MaxResults?: number; NextToken?: string }, call) {
      await call.authorize({ action: "cognito-identity:ListIdentityPools", resource: "*" });
      const limit = checks.range(
        checks.required(input.MaxResults, "maxResults"),
        "maxResults",
        1,
        60,
      ) as number;
      const sorted = Object.values(store.pools).sort(byKey(({ id }) => id));
      const badToken = () => awsError("InvalidParameterException", 400, "Invalid NextToken");
      const listed = page(sorted, ({ id }) => id, { limit, token: input.NextToken, badToken });
      const pools = listed.items.map(({ id, settings }) => ({
        IdentityPoolId: id,
        IdentityPoolName: settings.IdentityPoolName,
      }));
      return { IdentityPools: pools, NextToken: listed.nextToken };
    },

    async SetIdentityPoolRoles(input: SetIdentityPoolRolesInput, call) {
      const pool = await openAny("SetIdentityPoolRoles", input, call);
      const roles = Object.entries(input.Roles ?? {});
      for (const [kind, role] of roles) {
        checks.oneOf(kind, "roles", ["authenticated", "unauthenticated"]);
        await call.authorize({
          action: "iam:PassRole",
          resource: role,
          context: { "iam:PassedToService": "cognito-identity.amazonaws.com" },
        });
      }
      if (Object.keys(input.RoleMappings ?? {}).length > 0) {
        throw awsError(
          "InvalidParameterException",
          400,
          "The local cloud has no role mappings; leave them out",
        );
      }
      pool.roles = Object.fromEntries(roles);
      store.save();
      return undefined;
    },

    async GetIdentityPoolRoles(input: PoolInput, call) {
      const pool = await open("GetIdentityPoolRoles", input, call);
      return { IdentityPoolId: pool.id, Roles: pool.roles };
    },

    async SetPrincipalTagAttributeMap(input: SetPrincipalTagAttributeMapInput, call) {
      const pool = await openAny("SetPrincipalTagAttributeMap", input, call);
      const provider = checks.required(input.IdentityProviderName, "identityProviderName");
      const tags = input.PrincipalTags ?? {};
      if (Object.keys(tags).length > MAX_TAG_MAPPINGS) {
        throw awsError("InvalidParameterException", 400, `At most ${MAX_TAG_MAPPINGS} tags can be mapped`);
      }
      const useDefaults = input.UseDefaults ?? Object.keys(tags).length === 0;
      pool.principalTags[provider] = { useDefaults, tags };
      store.save();
      return mapOf(pool, provider);
    },

    async GetPrincipalTagAttributeMap(input: GetPrincipalTagAttributeMapInput, call) {
      const pool = await open("GetPrincipalTagAttributeMap", input, call);
      return mapOf(pool, checks.required(input.IdentityProviderName, "identityProviderName"));
    },

    ...makePoolTagOperations(store, checks),
  } satisfies Record<string, Operation>;
  return operations;
}

function checkSettings(settings: IdentityPool["settings"]): IdentityPool["settings"] {
  const name = checks.required(settings.IdentityPoolName, "identityPoolName");
  checks.pattern(name, "identityPoolName", /[\w\s+=,.@-]{1,128}/);
  checks.required(settings.AllowUnauthenticatedIdentities, "allowUnauthenticatedIdentities");
  checks.unsupported(
    Object.fromEntries(Object.entries(settings).filter(([, value]) => Object.keys(value ?? {}).length > 0)),
    UNSUPPORTED,
  );
  if (settings.AllowClassicFlow) {
    throw awsError(
      "InvalidParameterException",
      400,
      "The local cloud has the enhanced flow only: write false",
    );
  }
  return settings;
}

const mapOf = (pool: IdentityPool, provider: string) => {
  const map = pool.principalTags[provider];
  return {
    IdentityPoolId: pool.id,
    IdentityProviderName: provider,
    UseDefaults: map?.useDefaults ?? false,
    PrincipalTags: map?.tags ?? {},
  };
};
