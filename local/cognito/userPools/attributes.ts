import type { AttributeType, SchemaAttributeType } from "@aws-sdk/client-cognito-identity-provider";
import { awsError } from "../../core/errors";
import { checks, invalidParameter, notAuthorized } from "./inputs";
import type { AppClient, UserPool } from "./pools";

/** The attributes that every pool has (OpenID Connect's standard claims). */
const STANDARD = [
  ...["address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale"],
  ...["middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture"],
  ...["preferred_username", "profile", "sub", "updated_at", "website", "zoneinfo"],
];
/** Set by Cognito and by administrators only. */
const NOT_BY_USERS = ["sub", "email_verified", "phone_number_verified"];

/** Custom attributes as pools keep them: prefixed, and strings with their constraints. @throws InvalidParameterException */
export function readSchema(schema: SchemaAttributeType[]): SchemaAttributeType[] {
  return schema
    .filter(({ Name = "" }) => !STANDARD.includes(Name))
    .map(({ Name, ...attribute }) => {
      const name = checks.required(Name, "schema.name").replace(/^custom:/, "");
      const type = checks.oneOf(attribute.AttributeDataType, "attributeDataType", [
        ...(["String", "Number", "DateTime", "Boolean"] as const),
      ]);
      return {
        ...attribute,
        Name: `custom:${name}`,
        AttributeDataType: checks.required(type, "attributeDataType"),
        DeveloperOnlyAttribute: false,
        Mutable: attribute.Mutable ?? true,
        Required: false,
      };
    });
}

/** Attributes as a map, each known to the pool and within its constraints. @throws InvalidParameterException */
export function readAttributes(pool: UserPool, given: AttributeType[] | undefined): Record<string, string> {
  const entries = (given ?? []).map(({ Name, Value = "" }): [string, string] => {
    const name = checks.required(Name, "userAttributes.member.name");
    const own = pool.customAttributes.find((attribute) => attribute.Name === name);
    if (!own && !STANDARD.includes(name)) {
      throw invalidParameter(`user.${name}: Attribute does not exist in the schema.`);
    }
    const { MinLength = "0", MaxLength = "2048" } = own?.StringAttributeConstraints ?? {};
    if (own?.AttributeDataType === "String" && Value !== "") {
      if (Value.length < Number(MinLength) || Value.length > Number(MaxLength)) {
        throw invalidParameter(
          `user.${name}: String must be between ${MinLength} and ${MaxLength} characters.`,
        );
      }
    }
    return [name, Value];
  });
  return Object.fromEntries(entries);
}

/**
 * Refuses attributes that users of an app may not write themselves.
 * @throws NotAuthorizedException, InvalidParameterException
 */
export function checkWritable({ settings }: AppClient, attributes: Record<string, string>): void {
  for (const name of Object.keys(attributes)) {
    if (NOT_BY_USERS.includes(name))
      throw invalidParameter(`Cannot modify the non-mutable attribute ${name}`);
    if (settings.WriteAttributes && !settings.WriteAttributes.includes(name)) {
      throw notAuthorized("A client attempted to write unauthorized attribute");
    }
  }
}

/** The attributes that an app shows of a user, in tokens and by GetUser. */
export function readableAttributes(
  { settings }: AppClient,
  attributes: Record<string, string>,
): Record<string, string> {
  const { ReadAttributes } = settings;
  const entries = Object.entries(attributes);
  return Object.fromEntries(
    entries.filter(([name]) => name === "sub" || !ReadAttributes || ReadAttributes.includes(name)),
  );
}

/** Changes attributes; an empty one is removed, and what was verified of an old address is not of a new one. */
export function mergeAttributes(
  pool: UserPool,
  before: Record<string, string>,
  change: Record<string, string>,
): Record<string, string> {
  for (const name of Object.keys(change)) {
    const own = pool.customAttributes.find((attribute) => attribute.Name === name);
    if (own?.Mutable === false && before[name] !== undefined && before[name] !== change[name]) {
      throw invalidParameter(`user.${name}: Attribute cannot be updated.`);
    }
  }
  if (change.sub !== undefined && change.sub !== before.sub) {
    throw awsError("InvalidParameterException", 400, "user.sub: Attribute cannot be updated.");
  }
  const merged = { ...before, ...change };
  for (const name of ["email", "phone_number"]) {
    const isNew = change[name] !== undefined && change[name] !== before[name];
    if (isNew && change[`${name}_verified`] === undefined) merged[`${name}_verified`] = "false";
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ""));
}

/** A map as Cognito lists it. */
export const attributeList = (attributes: Record<string, string>): AttributeType[] =>
  Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
