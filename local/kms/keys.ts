import { randomUUID } from "node:crypto";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Call, CloudDeps, Need } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import { managedKeyOf } from "./awsManagedKeys";
import { checks, notFound } from "./inputs";
import { type KeyMaterial, newMaterial } from "./material";

/** A key as it is stored. */
export interface Key {
  /** A UUID, the last part of the ARN. */
  id: string;
  description: string;
  /** Of AWS for an account's default keys, which nobody can change. */
  manager: "CUSTOMER" | "AWS";
  state: "Enabled" | "Disabled" | "PendingDeletion";
  /** When a key that is pending deletion goes. */
  deletionMs?: number;
  createdMs: number;
  policy: string;
  tags: Record<string, string>;
  /** Days between rotations, while the key is rotated. */
  rotationDays?: number;
  /** Oldest first; the last one encrypts, all of them decrypt. */
  materials: KeyMaterial[];
}

/** The account's keys. What changes them says `save()`. */
export interface Keys {
  all(): Key[];
  /** Key ids by alias name (`alias/archive`), in the order in which they were made. */
  aliases: Record<string, { keyId: string; createdMs: number; updatedMs: number }>;
  arnOf(keyId: string): string;
  aliasArnOf(name: string): string;
  /**
   * Finds a key by id, ARN, alias name or alias ARN. An alias `alias/aws/…` that a service here has is made with its key
   * when it is first asked for, as in AWS.
   * @throws NotFoundException
   */
  find(keyId: string | undefined): Key;
  add(fields: Pick<Key, "description" | "manager" | "policy" | "tags">): Key;
  /** A permission on a key, with the key's policy and tags. */
  need(action: string, key: Key, call: Call, context?: Need["context"]): Need;
  save(): void;
}

interface KeyDocument {
  keys: Record<string, Key>;
  aliases: Keys["aliases"];
}

/** Opens the keys in `kms` of the data folder, their material included: it protects nothing but this machine's tests. */
export function openKeys({ store, clock, region, accountId }: CloudDeps): Keys {
  const document = store.document<KeyDocument>("kms", { keys: {}, aliases: {} });
  const { keys, aliases } = document.value;
  const prefix = `arn:aws:kms:${region}:${accountId}:`;
  const arnOf = (keyId: string) => `${prefix}key/${keyId}`;
  const aliasArnOf = (name: string) => `${prefix}${name}`;

  const add: Keys["add"] = (fields) => {
    const createdMs = clock.nowMs();
    const key: Key = {
      ...fields,
      id: randomUUID(),
      state: "Enabled",
      createdMs,
      materials: [newMaterial(createdMs)],
    };
    keys[key.id] = key;
    document.save();
    return key;
  };

  /** A key whose waiting period is over is gone, with its aliases. */
  const isGone = ({ deletionMs }: Key) => deletionMs !== undefined && deletionMs <= clock.nowMs();
  const dropDeleted = () => {
    for (const { id } of Object.values(keys).filter(isGone)) {
      for (const [name, { keyId }] of Object.entries(aliases)) if (keyId === id) delete aliases[name];
      delete keys[id];
      document.save();
    }
  };

  const keyOfAlias = (name: string): Key => {
    const managed = Object.hasOwn(aliases, name) ? undefined : managedKeyOf(name, { region, accountId });
    if (managed) {
      const nowMs = clock.nowMs();
      aliases[name] = { keyId: add(managed).id, createdMs: nowMs, updatedMs: nowMs };
      document.save();
    }
    const keyId = entryOf(aliases, name)?.keyId;
    const key = keyId === undefined ? undefined : keys[keyId];
    if (!key) throw notFound(`Alias ${aliasArnOf(name)} is not found.`);
    return key;
  };

  return {
    all() {
      dropDeleted();
      return Object.values(keys);
    },
    aliases,
    arnOf,
    aliasArnOf,
    find(keyId) {
      const given = checks.required(keyId, "keyId");
      const name = given.startsWith(prefix) ? given.slice(prefix.length) : given;
      if (name.startsWith("arn:")) throw notFound(`Invalid arn ${given.split(":")[3]}`);
      dropDeleted();
      if (name.startsWith("alias/")) return keyOfAlias(name);
      const id = name.replace(/^key\//, "");
      const key = entryOf(keys, id);
      if (!key) throw notFound(`Key '${arnOf(id)}' does not exist`);
      return key;
    },
    add,
    need(action, key, call, context = {}) {
      return {
        action: `kms:${action}`,
        resource: arnOf(key.id),
        // A service that calls for itself is of an account of AWS's own.
        context: {
          ...(call.caller.kind === "service" ? {} : { "kms:CallerAccount": accountId }),
          ...resourceTagContext(key.tags),
          ...context,
        },
        resourcePolicy: JSON.parse(key.policy) as object,
      };
    },
    save: document.save,
  };
}

/** Refuses a key that cannot be used. @throws DisabledException, KMSInvalidStateException */
export function checkUsable(key: Key, arn: string): void {
  if (key.state === "Disabled") throw awsError("DisabledException", 400, `${arn} is disabled.`);
  if (key.state === "PendingDeletion") checkNotPending(key, arn);
}

/** @throws KMSInvalidStateException for a key that waits for its deletion */
export function checkNotPending(key: Key, arn: string): void {
  if (key.state !== "PendingDeletion") return;
  throw awsError("KMSInvalidStateException", 400, `${arn} is pending deletion.`);
}
