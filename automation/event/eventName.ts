import { failure } from "./failure";

/** A recording event's names. */
export interface EventNames {
  /** As a person calls it: `derby`. */
  name: string;
  /** Unique for ever, and the name of its folder under `events/`: `20261122-derby`. */
  id: string;
  /** The Pulumi stack that it has while it lasts: `event-20261122-derby`. */
  stack: string;
}

/** Names are parts of those of streams, alarms and stacks, so they are what all of these take. */
const NAME = /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])?$/;
const ID = /^(\d{8})-(.+)$/;

/**
 * Checks the name that a new event is to have.
 * @throws a failure that says what a name is
 */
export function checkName(written: string): string {
  if (NAME.test(written)) return written;
  const better = written
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 30)
    .replace(/-+$/, "");
  const hint = NAME.test(better) ? `, such as ${better}` : "";
  throw failure(
    "usage",
    `[NAME] is "${written}"; write 1 to 30 small letters, digits and dashes, beginning with a letter${hint}`,
  );
}

/** The names of the event that begins at an instant, by the UTC date. */
export function namesOf(name: string, startMs: number): EventNames {
  const date = new Date(startMs).toISOString().slice(0, 10).replace(/-/g, "");
  return fromId(`${date}-${name}`);
}

/** The names that follow from an id. */
export function fromId(id: string): EventNames {
  return { name: ID.exec(id)?.[2] ?? id, id, stack: `event-${id}` };
}

/** Whether what a person wrote means the event: its name, its id, or its stack. */
export function means(written: string, { name, id, stack }: EventNames): boolean {
  return [name, id, stack].includes(written);
}
