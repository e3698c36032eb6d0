import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Clients } from "./clients";
import type { Properties, ResourceType, TaggedResource } from "./resourceType";
import { resourceTypes } from "./table";

/** The input in which the vendor's providers note which others they filled themselves. */
const DEFAULTS = "__defaults";

/** @throws when the table does not know the type */
function typeOf(token: string): ResourceType {
  const type = resourceTypes[token];
  if (!type) throw new Error(`the local cloud does not know the resource type ${token}`);
  return type;
}

/**
 * Completes a program's inputs: a name that was left out is made of the logical name and seven random hexadecimal digits,
 * as Pulumi makes names, or stays what it was.
 * @param olds the inputs of the resource as it is there; nothing for one that is to be made
 * @throws when the type is unknown, or an input is not served
 */
export function check(token: string, name: string, news: Properties, olds: Properties = {}): Properties {
  const { inputs, nameInput } = typeOf(token);
  const stranger = Object.keys(news).find((key) => !(key in inputs));
  if (stranger) {
    const known = Object.keys(inputs).join(", ");
    throw new Error(`the local cloud does not know the input ${stranger} of ${token}; it knows ${known}`);
  }
  if (!nameInput || news[nameInput] !== undefined) return news;
  const kept = wasNamedHere(olds, nameInput) ? olds[nameInput] : undefined;
  const made = `${name}-${randomBytes(4).toString("hex").slice(0, 7)}`;
  return { ...news, [nameInput]: kept ?? made, [DEFAULTS]: [nameInput] };
}

const wasNamedHere = (inputs: Properties, nameInput: string) =>
  ((inputs[DEFAULTS] as string[] | undefined) ?? []).includes(nameInput);

/** What a change of inputs comes to. */
export interface Difference {
  /** The inputs that differ. */
  changed: string[];
  /** Those of them that AWS cannot change on an existing resource. */
  replaces: string[];
  /** Whether the old one must go first: a name that the program chose cannot be had twice. */
  deleteBeforeReplace: boolean;
}

/** Compares a resource's inputs with those that it is to have. Values that are not known yet count as different. */
export function diff(token: string, olds: Properties, news: Properties): Difference {
  const { inputs, nameInput, deleteBeforeReplace = false } = typeOf(token);
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  keys.delete(DEFAULTS);
  const changed = [...keys].filter((key) => !isDeepStrictEqual(comparable(olds[key]), comparable(news[key])));
  return {
    changed,
    replaces: changed.filter((key) => inputs[key] === "replaces"),
    deleteBeforeReplace: deleteBeforeReplace || (nameInput !== undefined && !wasNamedHere(news, nameInput)),
  };
}

/** Archives are compared by their hash. */
function comparable(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value ?? undefined;
  return "archiveHash" in value ? value.archiveHash : value;
}

/** A resource that is there: its ID and all its properties. */
export interface Resource {
  id: string;
  properties: Properties;
}

/**
 * Makes a resource.
 * @param begun told of what is there as soon as something is, so that a later failure loses nothing
 */
export async function create(
  token: string,
  inputs: Properties,
  clients: Clients,
  begun: (resource: Resource) => void = () => undefined,
): Promise<Resource> {
  const type = typeOf(token);
  const id = await type.create(inputs, clients);
  begun({ id, properties: inputs });
  await type.configure?.(id, inputs, clients);
  return { id, properties: await propertiesOf(type, id, inputs, clients) };
}

/** Brings a resource to these inputs; answers all its properties. */
export async function update(
  token: string,
  resource: Resource,
  olds: Properties,
  news: Properties,
  clients: Clients,
): Promise<Properties> {
  const type = typeOf(token);
  const { id } = resource;
  const { changed } = diff(token, olds, news);
  await type.update?.(id, news, clients, { changed, old: olds });
  await type.configure?.(id, news, clients);
  const { tagging } = type;
  if (tagging && changed.includes("tags")) {
    const tagged = { id, arn: resource.properties.arn } as TaggedResource;
    const [before, after] = [olds.tags, news.tags].map((tags = {}) => tags as Record<string, string>);
    const gone = Object.keys(before ?? {}).filter((key) => !(key in (after ?? {})));
    if (gone.length > 0) await tagging.remove(tagged, gone, clients);
    if (after && Object.keys(after).length > 0) await tagging.add(tagged, after, clients);
  }
  return propertiesOf(type, id, news, clients);
}

/** All properties of a resource that must be there: its inputs, and what the service says of it. */
async function propertiesOf(type: ResourceType, id: string, inputs: Properties, clients: Clients) {
  const said = await type.read(id, inputs, clients);
  if (!said) throw new Error(`${id} was made, and the service does not know it`);
  return defined({ ...inputs, [DEFAULTS]: undefined, ...said });
}

/**
 * Reads a resource back.
 * @param resource as it was last known
 * @param inputs the inputs it was last given
 * @returns its properties, and those of its inputs as they would have to be to make it as it is; nothing when it is gone
 */
export async function read(
  token: string,
  resource: Resource,
  inputs: Properties,
  clients: Clients,
): Promise<{ properties: Properties; inputs: Properties } | undefined> {
  const type = typeOf(token);
  const { id, properties } = resource;
  const said = await type.read(id, properties, clients).catch(unlessGone);
  if (!said) return undefined;
  const now = defined({ ...properties, ...said });
  if (type.tagging && inputs.tags !== undefined) {
    now.tags = await type.tagging.list({ id, arn: now.arn as string }, clients);
  }
  const isImport = Object.keys(inputs).length === 0;
  const stated = isImport ? Object.keys(type.inputs) : Object.keys(inputs);
  const current = stated.map((key) => [key, key in said || key === "tags" ? now[key] : inputs[key]]);
  return { properties: now, inputs: defined(Object.fromEntries(current)) };
}

/** Removes a resource; one that is gone already is as it should be. */
export async function remove(token: string, { id, properties }: Resource, clients: Clients): Promise<void> {
  await typeOf(token).delete(id, properties, clients).catch(unlessGone);
}

/** Services have many names for it: NoSuchBucket, ResourceNotFoundException, QueueDoesNotExist. */
function unlessGone(error: Error): undefined {
  if (/NotFound|NoSuch|DoesNotExist|NonExistent/.test(error.name)) return undefined;
  throw error;
}

const defined = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
