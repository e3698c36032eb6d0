import type {
  CreateUserPoolClientRequest,
  CreateUserPoolRequest,
  UpdateUserPoolClientRequest,
  UpdateUserPoolRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import type * as aws from "@pulumi/aws";
import type { Plain, ResourceType, ResourceTypes } from "../resourceType";

type UserPoolInputs = Plain<aws.cognito.UserPoolArgs>;

const userPool: ResourceType<UserPoolInputs> = {
  inputs: {
    name: "replaces",
    adminCreateUserConfig: "updates",
    passwordPolicy: "updates",
    mfaConfiguration: "updates",
    softwareTokenMfaConfiguration: "updates",
    autoVerifiedAttributes: "updates",
    accountRecoverySetting: "updates",
    deletionProtection: "updates",
    usernameConfiguration: "replaces",
    usernameAttributes: "replaces",
    aliasAttributes: "replaces",
    schemas: "replaces",
    userPoolTier: "updates",
    tags: "updates",
  },
  nameInput: "name",
  async create(inputs, { cognitoUserPools }) {
    const { UserPool } = await cognitoUserPools.createUserPool({
      ...poolSettings(inputs),
      PoolName: inputs.name,
      UsernameConfiguration: inputs.usernameConfiguration && {
        CaseSensitive: inputs.usernameConfiguration.caseSensitive ?? false,
      },
      UsernameAttributes: inputs.usernameAttributes as "email"[] | undefined,
      AliasAttributes: inputs.aliasAttributes as "email"[] | undefined,
      Schema: inputs.schemas?.map((schema) => ({
        Name: schema.name,
        AttributeDataType: schema.attributeDataType as "String",
        DeveloperOnlyAttribute: schema.developerOnlyAttribute,
        Mutable: schema.mutable,
        Required: schema.required,
        StringAttributeConstraints: schema.stringAttributeConstraints && {
          MinLength: schema.stringAttributeConstraints.minLength,
          MaxLength: schema.stringAttributeConstraints.maxLength,
        },
      })),
      UserPoolTags: inputs.tags,
    } as CreateUserPoolRequest);
    return UserPool?.Id ?? "";
  },
  /** Which second factors there are is a setting of its own. */
  configure: (UserPoolId, inputs, { cognitoUserPools }) =>
    cognitoUserPools.setUserPoolMfaConfig({
      UserPoolId,
      MfaConfiguration: (inputs.mfaConfiguration ?? "OFF") as "OFF",
      SoftwareTokenMfaConfiguration: inputs.softwareTokenMfaConfiguration && {
        Enabled: inputs.softwareTokenMfaConfiguration.enabled,
      },
    }),
  async read(UserPoolId, known, { cognitoUserPools, region }) {
    const { UserPool: found } = await cognitoUserPools.describeUserPool({ UserPoolId });
    const policy = found?.Policies?.PasswordPolicy;
    return {
      name: found?.Name,
      arn: found?.Arn,
      endpoint: `cognito-idp.${region}.amazonaws.com/${UserPoolId}`,
      mfaConfiguration: found?.MfaConfiguration,
      deletionProtection: found?.DeletionProtection,
      adminCreateUserConfig: known.adminCreateUserConfig && {
        ...known.adminCreateUserConfig,
        allowAdminCreateUserOnly: found?.AdminCreateUserConfig?.AllowAdminCreateUserOnly,
      },
      passwordPolicy: known.passwordPolicy && {
        ...known.passwordPolicy,
        minimumLength: policy?.MinimumLength,
      },
    };
  },
  update: (UserPoolId, inputs, { cognitoUserPools }) =>
    cognitoUserPools.updateUserPool({ UserPoolId, ...poolSettings(inputs) } as UpdateUserPoolRequest),
  delete: (UserPoolId, _known, { cognitoUserPools }) => cognitoUserPools.deleteUserPool({ UserPoolId }),
  tagging: {
    // As the vendor's provider, which asks for no more than the pool.
    async list({ id: UserPoolId }, { cognitoUserPools }) {
      return (await cognitoUserPools.describeUserPool({ UserPoolId })).UserPool?.UserPoolTags ?? {};
    },
    add: ({ arn }, Tags, { cognitoUserPools }) => cognitoUserPools.tagResource({ ResourceArn: arn, Tags }),
    remove: ({ arn }, TagKeys, { cognitoUserPools }) =>
      cognitoUserPools.untagResource({ ResourceArn: arn, TagKeys }),
  },
};

/** What CreateUserPool and UpdateUserPool both take. */
const poolSettings = (inputs: UserPoolInputs) => ({
  AdminCreateUserConfig: inputs.adminCreateUserConfig && {
    AllowAdminCreateUserOnly: inputs.adminCreateUserConfig.allowAdminCreateUserOnly,
  },
  Policies: inputs.passwordPolicy && {
    PasswordPolicy: {
      MinimumLength: inputs.passwordPolicy.minimumLength,
      RequireLowercase: inputs.passwordPolicy.requireLowercase,
      RequireUppercase: inputs.passwordPolicy.requireUppercase,
      RequireNumbers: inputs.passwordPolicy.requireNumbers,
      RequireSymbols: inputs.passwordPolicy.requireSymbols,
      TemporaryPasswordValidityDays: inputs.passwordPolicy.temporaryPasswordValidityDays,
    },
  },
  AutoVerifiedAttributes: inputs.autoVerifiedAttributes,
  AccountRecoverySetting: inputs.accountRecoverySetting?.recoveryMechanisms && {
    RecoveryMechanisms: inputs.accountRecoverySetting.recoveryMechanisms.map(({ name, priority }) => ({
      Name: name,
      Priority: priority,
    })),
  },
  DeletionProtection: inputs.deletionProtection,
  UserPoolTier: inputs.userPoolTier,
});

type ClientInputs = Plain<aws.cognito.UserPoolClientArgs>;

/** CreateUserPoolClient's names of the inputs. */
const CLIENT_MEMBERS = {
  name: "ClientName",
  explicitAuthFlows: "ExplicitAuthFlows",
  readAttributes: "ReadAttributes",
  writeAttributes: "WriteAttributes",
  preventUserExistenceErrors: "PreventUserExistenceErrors",
  enableTokenRevocation: "EnableTokenRevocation",
  accessTokenValidity: "AccessTokenValidity",
  idTokenValidity: "IdTokenValidity",
  refreshTokenValidity: "RefreshTokenValidity",
} as const;

const userPoolClient: ResourceType<ClientInputs> = {
  inputs: {
    userPoolId: "replaces",
    generateSecret: "replaces",
    tokenValidityUnits: "updates",
    name: "updates",
    explicitAuthFlows: "updates",
    readAttributes: "updates",
    writeAttributes: "updates",
    preventUserExistenceErrors: "updates",
    enableTokenRevocation: "updates",
    accessTokenValidity: "updates",
    idTokenValidity: "updates",
    refreshTokenValidity: "updates",
  },
  nameInput: "name",
  async create(inputs, { cognitoUserPools }) {
    const { UserPoolClient } = await cognitoUserPools.createUserPoolClient({
      ...clientSettings(inputs),
      UserPoolId: inputs.userPoolId,
      GenerateSecret: inputs.generateSecret,
    } as CreateUserPoolClientRequest);
    return UserPoolClient?.ClientId ?? "";
  },
  async read(ClientId, known, { cognitoUserPools }) {
    const { UserPoolClient: found } = await cognitoUserPools.describeUserPoolClient({
      UserPoolId: known.userPoolId,
      ClientId,
    });
    const members = Object.entries(CLIENT_MEMBERS).filter(
      ([input]) => known[input as keyof ClientInputs] !== undefined,
    );
    return {
      ...Object.fromEntries(members.map(([input, member]) => [input, found?.[member]])),
      userPoolId: found?.UserPoolId,
      clientSecret: found?.ClientSecret ?? "",
    };
  },
  update: (ClientId, inputs, { cognitoUserPools }) =>
    cognitoUserPools.updateUserPoolClient({
      ...clientSettings(inputs),
      UserPoolId: inputs.userPoolId,
      ClientId,
    } as UpdateUserPoolClientRequest),
  delete: (ClientId, { userPoolId: UserPoolId }, { cognitoUserPools }) =>
    cognitoUserPools.deleteUserPoolClient({ UserPoolId, ClientId }),
};

const clientSettings = (inputs: ClientInputs) => ({
  ...Object.fromEntries(
    Object.entries(CLIENT_MEMBERS).map(([input, member]) => [member, inputs[input as keyof ClientInputs]]),
  ),
  TokenValidityUnits: inputs.tokenValidityUnits && {
    AccessToken: inputs.tokenValidityUnits.accessToken,
    IdToken: inputs.tokenValidityUnits.idToken,
    RefreshToken: inputs.tokenValidityUnits.refreshToken,
  },
});

/** A user; its attributes are those that the program names, `stream` meaning `custom:stream` where the pool has that. */
const user: ResourceType<Plain<aws.cognito.UserArgs>> = {
  inputs: {
    userPoolId: "replaces",
    username: "replaces",
    attributes: "updates",
    password: "updates",
    temporaryPassword: "updates",
    enabled: "updates",
    messageAction: "updates",
  },
  async create(inputs, { cognitoUserPools }) {
    await cognitoUserPools.adminCreateUser({
      UserPoolId: inputs.userPoolId,
      Username: inputs.username,
      UserAttributes: await attributeList(inputs, cognitoUserPools),
      TemporaryPassword: inputs.temporaryPassword,
      MessageAction: inputs.messageAction as "SUPPRESS" | undefined,
    });
    return `${inputs.userPoolId}/${inputs.username}`;
  },
  async configure(
    _id,
    { userPoolId: UserPoolId, username: Username, password, enabled },
    { cognitoUserPools },
  ) {
    if (password !== undefined) {
      await cognitoUserPools.adminSetUserPassword({
        UserPoolId,
        Username,
        Password: password,
        Permanent: true,
      });
    }
    if (enabled === false) await cognitoUserPools.adminDisableUser({ UserPoolId, Username });
    else await cognitoUserPools.adminEnableUser({ UserPoolId, Username });
  },
  async read(_id, { userPoolId: UserPoolId, username: Username }, { cognitoUserPools }) {
    const found = await cognitoUserPools.adminGetUser({ UserPoolId, Username });
    const sub = found.UserAttributes?.find(({ Name }) => Name === "sub")?.Value;
    return { enabled: found.Enabled, status: found.UserStatus, sub };
  },
  async update(_id, inputs, { cognitoUserPools }, { changed }) {
    if (!changed.includes("attributes")) return;
    await cognitoUserPools.adminUpdateUserAttributes({
      UserPoolId: inputs.userPoolId,
      Username: inputs.username,
      UserAttributes: await attributeList(inputs, cognitoUserPools),
    });
  },
  delete: (_id, { userPoolId: UserPoolId, username: Username }, { cognitoUserPools }) =>
    cognitoUserPools.adminDeleteUser({ UserPoolId, Username }),
};

/** As in the vendor's provider, a name that is none of the standard attributes stands for the custom one. */
async function attributeList(
  { userPoolId: UserPoolId, attributes = {} }: Plain<aws.cognito.UserArgs>,
  pools: {
    describeUserPool(input: {
      UserPoolId: string;
    }): Promise<{ UserPool?: { SchemaAttributes?: { Name?: string }[] } }>;
  },
) {
  const { UserPool } = await pools.describeUserPool({ UserPoolId });
  const custom = (UserPool?.SchemaAttributes ?? []).map(({ Name }) => Name);
  return Object.entries(attributes).map(([name, Value]) => ({
    Name: custom.includes(`custom:${name}`) ? `custom:${name}` : name,
    Value,
  }));
}

type IdentityPoolInputs = Plain<aws.cognito.IdentityPoolArgs>;

const identityPool: ResourceType<IdentityPoolInputs> = {
  inputs: {
    identityPoolName: "replaces",
    allowUnauthenticatedIdentities: "updates",
    allowClassicFlow: "updates",
    cognitoIdentityProviders: "updates",
    tags: "updates",
  },
  nameInput: "identityPoolName",
  async create(inputs, { cognitoIdentityPools }) {
    const { IdentityPoolId = "" } = await cognitoIdentityPools.createIdentityPool({
      ...identitySettings(inputs),
      IdentityPoolTags: inputs.tags,
    });
    return IdentityPoolId;
  },
  async read(IdentityPoolId, known, { cognitoIdentityPools, sts, region }) {
    const found = await cognitoIdentityPools.describeIdentityPool({ IdentityPoolId });
    const { Account } = await sts.getCallerIdentity({});
    return {
      arn: `arn:aws:cognito-identity:${region}:${Account}:identitypool/${IdentityPoolId}`,
      identityPoolName: found.IdentityPoolName,
      allowUnauthenticatedIdentities: found.AllowUnauthenticatedIdentities,
      allowClassicFlow: known.allowClassicFlow === undefined ? undefined : (found.AllowClassicFlow ?? false),
      cognitoIdentityProviders: found.CognitoIdentityProviders?.map((provider) => ({
        clientId: provider.ClientId,
        providerName: provider.ProviderName,
        serverSideTokenCheck: provider.ServerSideTokenCheck,
      })),
    };
  },
  update: (IdentityPoolId, inputs, { cognitoIdentityPools }) =>
    cognitoIdentityPools.updateIdentityPool({ IdentityPoolId, ...identitySettings(inputs) }),
  delete: (IdentityPoolId, _known, { cognitoIdentityPools }) =>
    cognitoIdentityPools.deleteIdentityPool({ IdentityPoolId }),
  tagging: {
    // As the vendor's provider, which asks for no more than the pool.
    async list({ id: IdentityPoolId }, { cognitoIdentityPools }) {
      return (await cognitoIdentityPools.describeIdentityPool({ IdentityPoolId })).IdentityPoolTags ?? {};
    },
    add: ({ arn }, Tags, { cognitoIdentityPools }) =>
      cognitoIdentityPools.tagResource({ ResourceArn: arn, Tags }),
    remove: ({ arn }, TagKeys, { cognitoIdentityPools }) =>
      cognitoIdentityPools.untagResource({ ResourceArn: arn, TagKeys }),
  },
};

const identitySettings = (inputs: IdentityPoolInputs) => ({
  IdentityPoolName: inputs.identityPoolName,
  AllowUnauthenticatedIdentities: inputs.allowUnauthenticatedIdentities ?? false,
  AllowClassicFlow: inputs.allowClassicFlow,
  CognitoIdentityProviders: inputs.cognitoIdentityProviders?.map((provider) => ({
    ClientId: provider.clientId,
    ProviderName: provider.providerName,
    ServerSideTokenCheck: provider.serverSideTokenCheck,
  })),
});

const roleAttachment: ResourceType<Plain<aws.cognito.IdentityPoolRoleAttachmentArgs>> = {
  inputs: { identityPoolId: "replaces", roles: "updates" },
  deleteBeforeReplace: true,
  async create({ identityPoolId }) {
    return identityPoolId;
  },
  configure: (IdentityPoolId, { roles }, { cognitoIdentityPools }) =>
    cognitoIdentityPools.setIdentityPoolRoles({ IdentityPoolId, Roles: roles as Record<string, string> }),
  async read(IdentityPoolId, _known, { cognitoIdentityPools }) {
    const { Roles = {} } = await cognitoIdentityPools.getIdentityPoolRoles({ IdentityPoolId });
    return Object.keys(Roles).length > 0 ? { identityPoolId: IdentityPoolId, roles: Roles } : undefined;
  },
  delete: (IdentityPoolId, _known, { cognitoIdentityPools }) =>
    cognitoIdentityPools.setIdentityPoolRoles({ IdentityPoolId, Roles: {} }),
};

const principalTag: ResourceType<Plain<aws.cognito.IdentityPoolProviderPrincipalTagArgs>> = {
  inputs: {
    identityPoolId: "replaces",
    identityProviderName: "replaces",
    principalTags: "updates",
    useDefaults: "updates",
  },
  deleteBeforeReplace: true,
  async create({ identityPoolId, identityProviderName }) {
    return `${identityPoolId}:${identityProviderName}`;
  },
  configure: (_id, inputs, { cognitoIdentityPools }) =>
    cognitoIdentityPools.setPrincipalTagAttributeMap({
      IdentityPoolId: inputs.identityPoolId,
      IdentityProviderName: inputs.identityProviderName,
      PrincipalTags: inputs.principalTags,
      UseDefaults: inputs.useDefaults,
    }),
  async read(_id, known, { cognitoIdentityPools }) {
    const found = await cognitoIdentityPools.getPrincipalTagAttributeMap({
      IdentityPoolId: known.identityPoolId,
      IdentityProviderName: known.identityProviderName,
    });
    const isSet = found.UseDefaults || Object.keys(found.PrincipalTags ?? {}).length > 0;
    return isSet ? { principalTags: found.PrincipalTags, useDefaults: found.UseDefaults } : undefined;
  },
  delete: (_id, known, { cognitoIdentityPools }) =>
    cognitoIdentityPools.setPrincipalTagAttributeMap({
      IdentityPoolId: known.identityPoolId,
      IdentityProviderName: known.identityProviderName,
      PrincipalTags: {},
      UseDefaults: false,
    }),
};

export const cognitoResources: ResourceTypes = {
  "aws:cognito/userPool:UserPool": userPool,
  "aws:cognito/userPoolClient:UserPoolClient": userPoolClient,
  "aws:cognito/user:User": user,
  "aws:cognito/identityPool:IdentityPool": identityPool,
  "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": roleAttachment,
  "aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag": principalTag,
};
