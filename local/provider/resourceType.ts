import type * as pulumi from "@pulumi/pulumi";
import type { Clients } from "./clients";

/** A resource's inputs and, beside them, what the service says of it, such as its `arn`. */
export type Properties = Record<string, unknown>;

/** What a changed input does to a resource that is there. */
export type OnChange = "updates" | "replaces";

/**
 * One `aws:…` resource type on the services' own APIs. The hosts (`inProcess.ts`, `plugin.ts`) do the rest, the same for
 * all types (`lifecycle.ts`): names, comparison, replacement, tags, and that a resource which is gone needs no deletion.
 */
export interface ResourceType<Inputs = Properties> {
  /**
   * Every input that is served, and what a change of it does, as in the vendor's provider. Any other input is refused, so
   * that no program is thought to work that would do something else on AWS.
   */
  inputs: { [Name in keyof Inputs]?: OnChange };
  /** The input that holds the physical name, filled from the logical name when the program leaves it out. */
  nameInput?: keyof Inputs & string;
  /** Whether a replacement takes the place of the old one, as where both would be the same part of a bucket. */
  deleteBeforeReplace?: boolean;
  /** Makes it, in one call, so that it is there or not; answers its ID. */
  create(inputs: Inputs, clients: Clients): Promise<string>;
  /**
   * What the service says of it now: outputs, and inputs where they could have been changed by hand. Nothing, or the
   * service's own error, when it is gone. `known` are the properties as last known: none, when it is imported.
   */
  read(id: string, known: Inputs, clients: Clients): Promise<Properties | undefined>;
  /** Brings what `create` set to these inputs. */
  update?(id: string, inputs: Inputs, clients: Clients, change: Change<Inputs>): Promise<unknown>;
  /** Sets what `create` cannot: called after it, and after every `update`. */
  configure?(id: string, inputs: Inputs, clients: Clients): Promise<unknown>;
  /** Removes it; `known` are its properties. */
  delete(id: string, known: Inputs, clients: Clients): Promise<unknown>;
  /** How its `tags` are read and changed, where it has such an input. */
  tagging?: Tagging;
}

/** What an update is about: nothing has changed where it only finishes what failed half-way. */
export interface Change<Inputs> {
  /** The names of the inputs that differ. */
  changed: string[];
  /** The inputs before; of archives the hash alone. */
  old: Inputs;
}

/** The calls that read and change a resource's tags; services know it by its ID or by its ARN. */
export interface Tagging {
  list(resource: TaggedResource, clients: Clients): Promise<Record<string, string>>;
  add(resource: TaggedResource, tags: Record<string, string>, clients: Clients): Promise<unknown>;
  remove(resource: TaggedResource, keys: string[], clients: Clients): Promise<unknown>;
}

export interface TaggedResource {
  id: string;
  arn: string;
}

/** A table of resource types by their Pulumi token, such as `aws:s3/bucket:Bucket`. */
export type ResourceTypes = Record<string, ResourceType>;

/** An archive among the inputs, such as a function's code. */
export interface Archive {
  /** Tells it from others; the empty text where nothing is compared. */
  archiveHash: string;
  /** Text by file name; nothing where only the hash is known, as of what was deployed before. */
  files?: Record<string, string>;
}

/** The inputs of a resource's `Args` as its host hands them over: plain values, secrets unwrapped. */
export type Plain<Args> = pulumi.Unwrap<Args>;

/** Tags as most services list them. */
export const tagList = (tags: Record<string, string> = {}) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Tags as Pulumi has them, from such a list. */
export const tagMap = (list: { Key?: string; Value?: string }[] = []): Record<string, string> =>
  Object.fromEntries(list.map(({ Key = "", Value = "" }) => [Key, Value]));

/** A policy as text: programs may write it as an object. */
export const policyText = (policy: unknown): string =>
  typeof policy === "string" ? policy : JSON.stringify(policy);
