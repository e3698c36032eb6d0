/** An entry of a table; names such as `constructor` are no entries of an empty one. */
export function entryOf<T>(table: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
