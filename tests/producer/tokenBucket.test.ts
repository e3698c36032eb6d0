import { expect } from "chai";
import * as fc from "fast-check";
import { makeTokenBucket } from "../../producer/tokenBucket";
import { makeManualClock } from "../support/manualClock";

describe("A token bucket", () => {
  it("lets no second see more than its rate, however many ask at once", async () => {
    const { clock, advance } = makeManualClock();
    const bucket = makeTokenBucket(5, clock);
    const startMs = clock.nowMs();
    const takenMs: number[] = [];

    for (let call = 0; call < 12; call += 1)
      void bucket.take(1).then(() => takenMs.push(clock.nowMs() - startMs));
    await advance(0);
    await advance(10_000);

    expect(takenMs).to.deep.equal([0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000, 2200]);
  });

  it("does not save up what was not used", async () => {
    const { clock, advance } = makeManualClock();
    const bucket = makeTokenBucket(5, clock);
    const takenMs: number[] = [];
    await advance(60_000);
    const startMs = clock.nowMs();

    for (let call = 0; call < 3; call += 1)
      void bucket.take(1).then(() => takenMs.push(clock.nowMs() - startMs));
    await advance(0);
    await advance(10_000);

    expect(takenMs).to.deep.equal([0, 200, 400]);
  });

  it("keeps bytes under their rate, whatever the sizes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1 }), async (sizes) => {
        const { clock, advance } = makeManualClock();
        const bucket = makeTokenBucket(10_000, clock);
        const startMs = clock.nowMs();
        const taken: { atMs: number; earlier: number }[] = [];
        let earlier = 0;

        for (const size of sizes) {
          const before = earlier;
          void bucket.take(size).then(() => taken.push({ atMs: clock.nowMs() - startMs, earlier: before }));
          earlier += size;
        }
        await advance(0);
        await advance(3_600_000);

        expect(taken).to.have.length(sizes.length);
        for (const { atMs, earlier: bytes } of taken) expect(atMs).to.be.closeTo(bytes / 10, 1);
      }),
      { numRuns: 20 },
    );
  });

  it("stops waiting when it is told to", async () => {
    const { clock } = makeManualClock();
    const bucket = makeTokenBucket(5, clock);
    const stop = new AbortController();
    await bucket.take(1);

    const waiting = bucket.take(1, stop.signal).catch((reason: Error) => reason);
    stop.abort(new Error("stopped"));

    expect(await waiting).to.have.property("message", "stopped");
  });
});
