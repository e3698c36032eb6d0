import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";

/** An input member's value out of bounds (400). */
export const validationError = (message: string) =>
  awsError("ValidationError", 400, `1 validation error detected: ${message}`);

const NAME = /^[\w+=,.@-]+$/;
const PATH = /^(\/|\/[!-~]+\/)$/;

/**
 * A name of an entity, checked.
 * @param member the input's member, for the message
 * @throws ValidationError (400)
 */
export function checkName(member: string, name: string | undefined, maxLength: number): string {
  const value = `Value ${name === undefined ? "null" : `'${name}'`} at '${member}' failed to satisfy constraint`;
  if (name === undefined) throw validationError(`${value}: Member must not be null`);
  if (name.length > maxLength) {
    throw validationError(`${value}: Member must have length less than or equal to ${maxLength}`);
  }
  if (!NAME.test(name)) {
    throw validationError(`${value}: Member must satisfy regular expression pattern: [\\w+=,.@-]+`);
  }
  return name;
}

/** A path (`/` unless said), checked to begin and end with a slash. */
export function checkPath(path = "/"): string {
  if (path.length <= 512 && PATH.test(path)) return path;
  throw validationError(
    `Value '${path}' at 'path' failed to satisfy constraint: write / or /division/, with a slash at both ends`,
  );
}

/**
 * Refuses members that IAM has and this one does not: ignoring them would change what policies allow.
 * @throws ValidationError (400) naming the member
 */
export function refuseMembers(input: object, ...members: string[]): void {
  for (const member of members) {
    if (member in input) throw validationError(`${member} is not supported by the local cloud; leave it out`);
  }
}

/** Throws `LimitExceeded` (409) when `count` is above `quota`. */
export function checkQuota(quotaName: string, quota: number, count: number): void {
  if (count > quota) throw awsError("LimitExceeded", 409, `Cannot exceed quota for ${quotaName}: ${quota}`);
}

/** What every listing takes. Numbers arrive as text from the Query protocol. */
export interface PageInput {
  MaxItems?: number | string;
  Marker?: string;
  PathPrefix?: string;
}

/** Sorts a listing by `keyOf` (unique) and cuts a page out of it, 100 items unless said. */
export function cutPage<T>(items: T[], keyOf: (item: T) => string, { MaxItems = 100, Marker }: PageInput) {
  const limit = Number(MaxItems);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1000)) {
    throw validationError(`Value '${MaxItems}' at 'maxItems' failed to satisfy constraint: write 1 to 1000`);
  }
  const badToken = () =>
    validationError(`Value '${Marker}' at 'marker' is not a marker of an earlier answer`);
  const sorted = [...items].sort(byKey(keyOf));
  const { items: shown, nextToken } = page(sorted, keyOf, { limit, token: Marker, badToken });
  return { shown, rest: { IsTruncated: nextToken !== undefined, Marker: nextToken } };
}
