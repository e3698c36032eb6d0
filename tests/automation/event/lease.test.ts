import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import type { Vault } from "../../../archive/ports";
import { takeLease } from "../../../automation/event/lease";
import { memoryVault } from "../../archive/memoryPorts";

/** Short, as nothing is waited for here but time itself. */
const RENEW_MS = 10;

describe("the lease of an event's stack", () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  async function take(vault: Vault, waits: string[] = []) {
    const onWait = ({ pid }: { pid: number }) => waits.push(`waits for ${pid}`);
    const lease = await takeLease({ vault, key: "lease.json", renewMs: RENEW_MS, onWait });
    ends.push(lease.release);
    return lease;
  }

  it("is kept though renewing it takes longer than the time between two renewals", async () => {
    const vault = memoryVault();
    const slow = {
      ...vault,
      get: async (key: string) => {
        const found = await vault.get(key);
        await delay(3 * RENEW_MS);
        return found;
      },
    };

    const lease = await take(slow);
    await delay(20 * RENEW_MS);

    expect(lease.lost.aborted).to.equal(false);
  });

  it("is kept though the answers to writes are lost, and what is sent again is refused", async () => {
    const vault = memoryVault();
    const forgetful: Vault = {
      ...vault,
      putIfAbsent: async (object) => {
        await vault.putIfAbsent(object);
        return vault.putIfAbsent(object);
      },
      replace: async (object, etag) => {
        await vault.replace(object, etag);
        return vault.replace(object, etag);
      },
    };

    const lease = await take(forgetful);
    await delay(5 * RENEW_MS);

    expect([lease.inheritedFrom, lease.lost.aborted]).to.deep.equal([undefined, false]);
  });

  it("is waited for as long as its holder lives, and had when that one is done", async () => {
    const vault = memoryVault();
    const first = await take(vault);
    const waits: string[] = [];
    let isTaken = false;
    const second = take(vault, waits).then((lease) => {
      isTaken = true;
      return lease;
    });

    await delay(20 * RENEW_MS);
    const takenEarly = isTaken;
    await first.release();
    const { inheritedFrom } = await second;

    expect([takenEarly, inheritedFrom, waits]).to.deep.equal([
      false,
      undefined,
      [`waits for ${process.pid}`],
    ]);
  });

  it("is taken from a holder that does not renew it, who hears of that", async () => {
    const vault = memoryVault();
    let isCutOff = false;
    const cut = {
      ...vault,
      get: (key: string) => (isCutOff ? Promise.reject(new Error("no network")) : vault.get(key)),
    };
    const told: unknown[] = [];
    const say = console.error;
    console.error = (line: string) => told.push(line);
    try {
      const first = await take(cut);
      isCutOff = true;
      const second = await take(vault);
      isCutOff = false;
      while (!first.lost.aborted) await delay(RENEW_MS);

      expect(second.inheritedFrom?.pid).to.equal(process.pid);
      expect(second.lost.aborted).to.equal(false);
      expect(told[0]).to.equal("the lease lease.json could not be renewed: no network");
    } finally {
      console.error = say;
    }
  });
});
