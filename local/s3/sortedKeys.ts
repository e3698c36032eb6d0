const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;

/** Orders keys as S3 lists them, by their UTF-8 bytes. JavaScript's own order differs above U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA === unitB) continue;
    if (isSurrogate(unitA) === isSurrogate(unitB)) return unitA - unitB;
    return isSurrogate(unitA) ? 1 : -1;
  }
  return a.length - b.length;
}

/** Where `key` is in sorted `keys`, or would be. */
function positionOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(keys[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds `key` to sorted `keys` unless it is there. */
export function insertKey(keys: string[], key: string): void {
  const position = positionOf(keys, key);
  if (keys[position] !== key) keys.splice(position, 0, key);
}

/** Takes `key` out of sorted `keys`. */
export function removeKey(keys: string[], key: string): void {
  const position = positionOf(keys, key);
  if (keys[position] === key) keys.splice(position, 1);
}

/** What a listing asks for: see ListObjectsV2. */
export interface Walk {
  prefix: string;
  delimiter: string;
  /** The listing goes on behind this key or common prefix. */
  after: string;
  /** Whether `after` itself is still to be listed (its further versions). */
  including?: boolean;
}

/**
 * Walks sorted keys as S3's listings do: keys under `prefix` in order, those that share their text up to the next
 * `delimiter` rolled up into one common prefix.
 * @param isListed leaves a key out, such as one whose newest version is a delete marker
 */
export function* walkKeys(
  keys: readonly string[],
  { prefix, delimiter, after, including = false }: Walk,
  isListed: (key: string) => boolean,
): Generator<{ key: string } | { commonPrefix: string }> {
  const start = compareKeys(prefix, after) > 0 ? prefix : after;
  let rolledUp: string | undefined;
  for (let position = positionOf(keys, start); position < keys.length; position++) {
    const key = keys[position] as string;
    if (!key.startsWith(prefix)) return;
    if (rolledUp !== undefined && key.startsWith(rolledUp)) continue;
    if ((key === after && after !== "" && !including) || !isListed(key)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    if (end < 0) {
      yield { key };
      continue;
    }
    rolledUp = key.slice(0, end + delimiter.length);
    if (compareKeys(rolledUp, after) > 0) yield { commonPrefix: rolledUp };
  }
}
