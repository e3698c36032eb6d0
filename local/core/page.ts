import type { AwsError } from "./errors";

/** One page of a listing, and the token that asks for the next one. */
export interface Page<T> {
  items: T[];
  nextToken?: string;
}

/**
 * Cuts a listing into pages. A token names the last key that was returned, not a position, so items that come or go
 * between two calls neither repeat nor hide others.
 * @param items sorted by `keyOf`, which is unique among them, upwards unless `descending`
 * @throws `badToken()` when the token is not one of ours
 */
export function page<T>(
  items: T[],
  keyOf: (item: T) => string,
  options: { limit: number; token: string | undefined; badToken: () => AwsError; descending?: boolean },
): Page<T> {
  const { limit, token, badToken, descending = false } = options;
  const after = token === undefined ? undefined : decodeToken(token);
  if (token !== undefined && after === undefined) throw badToken();
  const isNext = (key: string) => after === undefined || (descending ? key < after : key > after);
  const first = items.findIndex((item) => isNext(keyOf(item)));
  const rest = first === -1 ? [] : items.slice(first);
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  if (last === undefined || rest.length === shown.length) return { items: shown };
  return { items: shown, nextToken: encodeToken(keyOf(last)) };
}

/** Orders by code units, as `page` compares keys. */
export function byKey<T>(keyOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);
}

const PREFIX = "after:";

const encodeToken = (key: string) => Buffer.from(PREFIX + key).toString("base64url");

function decodeToken(token: string): string | undefined {
  const text = Buffer.from(token, "base64url").toString("utf8");
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
}
