import type * as pulumi from "@pulumi/pulumi";
import type { Clients } from "./clients";

/** A resource as it stands after it was created: its ID and all its properties. */
export interface CreatedResource {
  id: string;
  outputs: Record<string, unknown>;
}

/** How one `aws:…` resource type is made and unmade through the services' own APIs. */
export interface ResourceType<Inputs = never> {
  /** The input that holds the physical name, filled from the logical name when the program leaves it out. */
  nameInput?: string;
  create(inputs: Inputs, clients: Clients): Promise<CreatedResource>;
  delete(id: string, outputs: Record<string, unknown>, clients: Clients): Promise<void>;
}

/** A table of resource types by their Pulumi token, such as `aws:s3/bucket:Bucket`. */
export type ResourceTypes = Record<string, ResourceType>;

/** The inputs of a resource's `Args` as its host hands them over: plain values, secrets unwrapped. */
export type Plain<Args> = pulumi.Unwrap<Args>;

/** Tags as most services list them. */
export const tagList = (tags: Record<string, string> = {}) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
