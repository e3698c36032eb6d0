/**
 * Does something to each item, `width` of them at once, and yields the results in the items' order. Holds no more than
 * `width` results, so an endless source is read no faster than its results are taken.
 */
export async function* readAhead<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  width: number,
  act: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  for await (const item of items) {
    const result = act(item);
    // It may fail long before its turn; whoever takes it is told then.
    result.catch(() => undefined);
    running.push(result);
    const first = running.length === width ? running.shift() : undefined;
    if (first) yield await first;
  }
  for (const result of running) yield await result;
}
