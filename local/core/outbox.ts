import type { CloudDeps } from "./service";

/** Work that is owed: what is to be done under `id`, and when it is next tried. */
export interface Owed {
  id: string;
  /** In the cloud's time. */
  dueMs: number;
}

/** Work that one service owes to others. */
export interface Outbox<T extends Owed> {
  /** Takes items over; when this returns they are on disk. */
  accept(items: T[]): void;
  close(): void;
}

/**
 * Opens a service's outbox in `NAME` of the data folder and goes on with what was owed before a restart: each item is
 * tried until it is done, at least once.
 * @param attempt tries an item, which it may change; answers when to try again, or nothing when the item is done. Once
 * `isClosed()`, a failure says nothing of the item, and its answer is not heeded. What it throws is a fault of this program.
 */
export function openOutbox<T extends Owed>(
  { clock, store }: Pick<CloudDeps, "clock" | "store">,
  name: string,
  attempt: (item: T, isClosed: () => boolean) => Promise<number | undefined>,
): Outbox<T> {
  const owed = store.document<Record<string, T>>(name, {});
  const cancels = new Map<string, () => void>();
  let closed = false;

  async function tryItem(item: T): Promise<void> {
    cancels.delete(item.id);
    const againMs = await attempt(item, () => closed);
    // What ends after the close stays on disk, and is tried again at the next start.
    if (closed) return;
    if (againMs === undefined) delete owed.value[item.id];
    else item.dueMs = againMs;
    owed.save();
    if (againMs !== undefined) schedule(item);
  }

  function schedule(item: T): void {
    const delayMs = Math.max(item.dueMs - clock.nowMs(), 0);
    cancels.set(
      item.id,
      clock.after(delayMs, () => void tryItem(item)),
    );
  }

  for (const item of Object.values(owed.value)) schedule(item);

  return {
    accept(items) {
      if (items.length === 0) return;
      for (const item of items) owed.value[item.id] = item;
      owed.save();
      for (const item of items) schedule(item);
    },
    close() {
      closed = true;
      for (const cancel of cancels.values()) cancel();
    },
  };
}
