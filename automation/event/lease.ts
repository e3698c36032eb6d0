import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Vault } from "../../archive/ports";
import { jsonObject, readObject } from "./jsonObject";

/** Who has the engine work on an event's stack. */
export interface Holder {
  /** Of this one run of the tool; empty when nobody does. */
  id: string;
  host: string;
  pid: number;
  /** Raised with each renewal, so that whoever watches sees that the holder lives. */
  renewal: number;
}

/** A lease that is held. */
export interface Lease {
  /** Whose it was before, when that holder was taken to be dead: what it left half done is to be mended first. */
  inheritedFrom?: Holder;
  /** Aborted when somebody else took the lease, because this one was not renewed in time. */
  lost: AbortSignal;
  release(): Promise<void>;
}

export interface LeaseOptions {
  vault: Vault;
  key: string;
  /** Told once when the lease is another's and is waited for. */
  onWait(holder: Holder): void;
  signal?: AbortSignal;
  /** How often the holder renews it. Not renewed for six times as long, it is free. */
  renewMs?: number;
}

/**
 * Takes the lease under a key of the bucket, waiting while another holds it. A holder is dead when it did not renew for
 * some time of the watcher's own, so no two clocks are compared; or at once when it was a process of this machine that
 * is gone.
 */
export async function takeLease({
  vault,
  key,
  onWait,
  signal,
  renewMs = 5_000,
}: LeaseOptions): Promise<Lease> {
  const me: Holder = { id: randomUUID(), host: hostname(), pid: process.pid, renewal: 0 };
  const object = (holder: Holder) => jsonObject(key, holder);
  const inheritedFrom = await acquire();
  const lost = new AbortController();
  let renewing: Promise<void> | undefined;
  // One after the other, however long one takes.
  const renewals = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = undefined;
    });
  }, renewMs);

  return {
    inheritedFrom,
    lost: lost.signal,
    async release() {
      clearInterval(renewals);
      await renewing;
      const held = await read();
      if (held?.holder.id === me.id) await vault.replace(object({ ...me, id: "" }), held.etag);
    },
  };

  async function acquire(): Promise<Holder | undefined> {
    let seen: { etag: string; atMs: number } | undefined;
    let inherited: Holder | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const held = await read();
      if (!held) {
        if ((await vault.putIfAbsent(object(me))).outcome === "stored") return undefined;
        continue;
      }
      const { holder, etag } = held;
      // A write that was sent twice, as its answer was lost, is refused the second time.
      if (holder.id === me.id) return inherited;
      if (holder.id === "" || isGone(holder)) {
        inherited = holder.id === "" ? undefined : holder;
        if (await vault.replace(object(me), etag)) return inherited;
        continue;
      }
      if (seen?.etag !== etag) {
        if (!seen) onWait(holder);
        seen = { etag, atMs: performance.now() };
      } else if (performance.now() - seen.atMs > 6 * renewMs) {
        inherited = holder;
        if (await vault.replace(object(me), etag)) return inherited;
        continue;
      }
      await delay(Math.min(1_000, renewMs), undefined, { signal });
    }
  }

  async function renew(): Promise<void> {
    me.renewal += 1;
    try {
      for (;;) {
        const held = await read();
        if (held?.holder.id !== me.id) break;
        if (held.holder.renewal === me.renewal || (await vault.replace(object(me), held.etag))) return;
      }
      clearInterval(renewals);
      lost.abort(new Error(`${key} was taken over by another machine`));
    } catch (error) {
      // The next renewal tries again; whoever takes over in the meantime is heard of there.
      console.error(`the lease ${key} could not be renewed: ${(error as Error).message}`);
    }
  }

  async function read(): Promise<{ holder: Holder; etag: string } | undefined> {
    const found = await readObject(vault, key);
    return found && { holder: JSON.parse(found.text) as Holder, etag: found.etag };
  }
}

/** Whether a holder was a process of this machine that has ended. */
export function isGone({ host, pid }: Pick<Holder, "host" | "pid">): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
