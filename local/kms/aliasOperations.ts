import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { Call, CloudDeps, Operation } from "../core/service";
import { badMarker, checks, notFound, type PageInput } from "./inputs";
import { checkNotPending, type Key, type Keys } from "./keys";

interface AliasInput {
  AliasName?: string;
  TargetKeyId?: string;
}

/** The operations on aliases. Each takes a permission on the alias and one on its key. */
export function makeAliasOperations({ clock }: CloudDeps, keys: Keys) {
  const { aliases } = keys;

  const readName = (name: string | undefined): string => {
    const given = checks.required(name, "aliasName");
    checks.pattern(given, "aliasName", /alias\/[a-zA-Z0-9/_-]+/);
    if (given.startsWith("alias/aws/")) {
      throw awsError(
        "InvalidAliasNameException",
        400,
        "Aliases that begin with alias/aws/ are reserved for AWS",
      );
    }
    return given;
  };
  const findAlias = (name: string) => {
    const alias = entryOf(aliases, name);
    if (!alias) throw notFound(`Alias ${keys.aliasArnOf(name)} is not found.`);
    return alias;
  };
  const authorize = (action: string, name: string, key: Key, call: Call) =>
    call.authorize(
      { action: `kms:${action}`, resource: keys.aliasArnOf(name) },
      keys.need(action, key, call),
    );

  /** Aliases name keys by id or ARN, not by other aliases. */
  const target = (keyId: string | undefined): Key => {
    const key = keys.find(checks.pattern(keyId, "targetKeyId", /(arn:.*:key\/)?[a-fA-F0-9-]+/));
    checkNotPending(key, keys.arnOf(key.id));
    return key;
  };

  const operations = {
    async CreateAlias(input: AliasInput, call) {
      const name = readName(input.AliasName);
      const key = target(input.TargetKeyId);
      await authorize("CreateAlias", name, key, call);
      if (Object.hasOwn(aliases, name)) {
        throw awsError(
          "AlreadyExistsException",
          400,
          `An alias with the name ${keys.aliasArnOf(name)} already exists`,
        );
      }
      const nowMs = clock.nowMs();
      aliases[name] = { keyId: key.id, createdMs: nowMs, updatedMs: nowMs };
      keys.save();
      return undefined;
    },

    async UpdateAlias(input: AliasInput, call) {
      const name = readName(input.AliasName);
      const key = target(input.TargetKeyId);
      await authorize("UpdateAlias", name, key, call);
      Object.assign(findAlias(name), { keyId: key.id, updatedMs: clock.nowMs() });
      keys.save();
      return undefined;
    },

    async DeleteAlias(input: AliasInput, call) {
      const name = readName(input.AliasName);
      const { keyId } = findAlias(name);
      await authorize("DeleteAlias", name, keys.find(keyId), call);
      delete aliases[name];
      keys.save();
      return undefined;
    },

    async ListAliases(input: PageInput & { KeyId?: string }, call) {
      await call.authorize({ action: "kms:ListAliases", resource: "*" });
      const of = input.KeyId === undefined ? undefined : keys.find(input.KeyId).id;
      const found = Object.entries(aliases)
        .filter(([, { keyId }]) => of === undefined || keyId === of)
        .sort(byKey(([name]) => name));
      const limit = checks.range(input.Limit, "limit", 1, 100) ?? 50;
      const listed = page(found, ([name]) => name, { limit, token: input.Marker, badToken: badMarker });
      return {
        Aliases: listed.items.map(([name, { keyId, createdMs, updatedMs }]) => ({
          AliasName: name,
          AliasArn: keys.aliasArnOf(name),
          TargetKeyId: keyId,
          CreationDate: new Date(createdMs),
          LastUpdatedDate: new Date(updatedMs),
        })),
        NextMarker: listed.nextToken,
        Truncated: listed.nextToken !== undefined,
      };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
