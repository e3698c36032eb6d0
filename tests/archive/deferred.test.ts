import { expect } from "chai";
import * as fc from "fast-check";
import { readAllDeferred, readDeferred, takeOut, withDeferred } from "../../archive/deferred";
import { entryKey } from "../../archive/keys";
import { type DeferredRange, emptyState, type FragmentRow } from "../../archive/ledger";
import { memoryVault } from "./memoryPorts";

const FOLDER = "ledger/gate/0/";

const rowOf = (seq: number): FragmentRow => [String(seq), seq * 1000, seq * 1000, 1000, 100];

/** A ledger of which each entry defers a fragment, or stores something else; and its ranges. */
function setUp() {
  const vault = memoryVault();
  const live = new Set<number>();
  let ranges: DeferredRange[] = [];
  let seq = -1;
  const write = (deferred: FragmentRow[]) => {
    seq += 1;
    const change = { kind: "split", voidKey: "", because: "", clips: [], deferred };
    const entry = { version: 1, seq, prev: "", at: "", change, state: emptyState("", 0) };
    const bytes = Buffer.from(JSON.stringify(entry));
    vault.objects.set(entryKey(FOLDER, seq), { bytes, metadata: {}, tags: {}, contentType: "" });
  };
  return {
    vault,
    live,
    ranges: () => ranges,
    /** Writes an entry of something else. */
    write: () => write([]),
    defer() {
      write([rowOf(seq + 1)]);
      live.add(seq);
      ranges = withDeferred(ranges, [rowOf(seq)], seq);
    },
    /** Settles the deferred fragment that comes `skipped` after the first of a range, if there is room. */
    async settle(index: number, skipped: number) {
      const range = ranges[index % Math.max(1, ranges.length)];
      let found = range && (await readDeferred(vault, FOLDER, range));
      for (let count = 0; range && found && count < skipped; count += 1)
        found = (await readDeferred(vault, FOLDER, range, found.seq + 1)) ?? found;
      const left = range && found && (await takeOut(vault, FOLDER, ranges, { range, seq: found.seq }));
      if (!left || !found) return false;
      live.delete(found.seq);
      ranges = left;
      return true;
    },
  };
}

describe("deferred fragments", () => {
  it("are all in at most 64 ranges, and none that is settled", async () => {
    const deed = fc.oneof(
      { weight: 6, arbitrary: fc.constant("defer" as const) },
      { weight: 2, arbitrary: fc.constant("write" as const) },
      { weight: 2, arbitrary: fc.tuple(fc.nat(70), fc.nat(3)) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 200, maxLength: 400, size: "max" }), async (deeds) => {
        const ledger = setUp();

        for (const one of deeds) {
          if (typeof one === "string") ledger[one]();
          else await ledger.settle(...one);
        }

        const rows = await readAllDeferred(ledger.vault, FOLDER, ledger.ranges());
        expect(rows.map(([number]) => Number(number))).to.deep.equal([...ledger.live]);
        expect(ledger.ranges().length).to.be.at.most(64);
        for (const { fromMs } of ledger.ranges()) expect(ledger.live).to.include(fromMs / 1000);
      }),
      { numRuns: 50 },
    );
  });

  it("can always be settled in their order, however many there are", async () => {
    const ledger = setUp();
    for (let count = 0; count < 500; count += 1) ledger.defer();

    for (let count = 0; count < 500; count += 1) expect(await ledger.settle(0, 0)).to.equal(true);

    expect(ledger.ranges()).to.deep.equal([]);
  });
});
