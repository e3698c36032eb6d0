import { expect } from "chai";
import * as fc from "fast-check";
import type { Fragment } from "../../archive/fragment";
import { type ClipPlan, planClips } from "../../archive/plan";

const SECOND = 1000;
const CLIP_MS = 60 * SECOND;
/** A cell border of the grid of 60 s. */
const T0 = Date.UTC(2026, 10, 22, 14, 3, 0);
const MUCH_LATER = T0 + 3_600_000;

/** `count` fragments of two seconds, one after the other, received as they were recorded. */
const steady = (count: number, startMs = T0, change: Partial<Fragment> = {}): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(1000 + index),
    serverMs: startMs + index * 2 * SECOND,
    producerMs: startMs + index * 2 * SECOND - 300,
    durationMs: 2 * SECOND,
    sizeBytes: 100_000,
    ...change,
  }));

const plan = (fragments: Fragment[], more: Partial<Parameters<typeof planClips>[0]> = {}) =>
  planClips({ fragments, listed: fragments, clipMs: CLIP_MS, nowMs: MUCH_LATER, ...more });
const sizes = (plans: ClipPlan[]) => plans.map(({ fragments }) => fragments.length);

describe("the plan of clips", () => {
  it("cuts on the grid of UTC, whenever the recording began", () => {
    const fragments = steady(50, T0 + 30 * SECOND);

    const plans = plan(fragments);

    expect(sizes(plans)).to.deep.equal([15, 30, 5]);
    expect(plans[1]?.range?.fromMs).to.equal(T0 + CLIP_MS);
  });

  it("waits for a cell's end and 30 s more", () => {
    const fragments = steady(40);
    const dueMs = T0 + CLIP_MS + 30 * SECOND;

    const early = plan(fragments, { nowMs: dueMs - 1 });
    const due = plan(fragments, { nowMs: dueMs });

    expect(sizes(early)).to.deep.equal([]);
    expect(sizes(due)).to.deep.equal([30]);
  });

  it("cuts at 200 fragments, where GetClip would stop without a word", () => {
    const fragments = steady(300).map((fragment, index) => ({
      ...fragment,
      serverMs: T0 + index * 200,
      producerMs: T0 + index * 200,
      durationMs: 200,
    }));

    const plans = plan(fragments);

    expect(sizes(plans)).to.deep.equal([200, 100]);
  });

  it("cuts before 95 MB, and gives a larger fragment a clip of its own", () => {
    const fragments = steady(6, T0, { sizeBytes: 40_000_000 });

    const plans = plan(fragments);

    expect(sizes(plans)).to.deep.equal([2, 2, 2]);
  });

  it("cuts where the camera's clock jumps back, where it overlaps, and over a hole", () => {
    const fragments = steady(8);
    const jumps = [0, 0, -3_600_000, -3_600_000, -3_600_150, -3_600_150, 0, 0];
    const jumped = fragments.map((fragment, index) => ({
      ...fragment,
      producerMs: fragment.producerMs + (jumps[index] ?? 0),
    }));

    const plans = plan(jumped);

    expect(sizes(plans)).to.deep.equal([2, 2, 2, 2]);
  });

  it("keeps fragments of one millisecond together, since no time range can part them", () => {
    const fragments = steady(4).map((fragment) => ({ ...fragment, serverMs: T0 + 5 }));

    const [only, ...others] = plan(fragments);

    expect(others).to.deep.equal([]);
    expect(only?.range).to.deep.equal({ fromMs: T0 + 5, toMs: T0 + 6 });
  });

  it("parts them where one clip cannot hold them, to be fetched by number", () => {
    const fragments = steady(3, T0, { serverMs: T0 + 5, producerMs: T0 });

    const plans = plan(fragments);

    expect(sizes(plans)).to.deep.equal([1, 1, 1]);
    expect(plans.map(({ range }) => range)).to.deep.equal([undefined, undefined, undefined]);
  });

  it("fetches by number what a range of GetClip would share with a neighbour", () => {
    const [first, second] = steady(2);
    const neighbours = [
      { ...(first as Fragment), serverMs: T0 + CLIP_MS - 1 },
      { ...(second as Fragment), serverMs: T0 + CLIP_MS },
    ];

    const plans = plan(neighbours);
    const [late] = steady(1) as [Fragment];
    const besideArchived = plan([late], { listed: [late, { ...late, fragmentNumber: "7" }] });

    expect(plans.map(({ range }) => range !== undefined)).to.deep.equal([false, true]);
    expect(besideArchived[0]?.range).to.equal(undefined);
  });

  it("takes each fragment with its own cell, though servers' clocks differ by milliseconds and order them otherwise", () => {
    const [first, second] = steady(2);
    const swapped = [
      { ...(first as Fragment), serverMs: T0 + CLIP_MS },
      { ...(second as Fragment), serverMs: T0 + CLIP_MS - 2 },
    ];

    const early = plan(swapped, { nowMs: T0 + CLIP_MS + 30 * SECOND });
    const due = plan(swapped, { nowMs: T0 + 2 * CLIP_MS + 30 * SECOND });

    expect(early.map(({ fragments }) => fragments)).to.deep.equal([[swapped[1]]]);
    expect(sizes(due)).to.deep.equal([1, 1]);
  });

  it("fetches by number what a range of GetClip would share with any other fragment, next to it or not", () => {
    const [first, second, third, fourth] = steady(4) as [Fragment, Fragment, Fragment, Fragment];
    const afterHole = [third, fourth].map((one) => ({ ...one, producerMs: one.producerMs + 5 * SECOND }));
    const [, late] = afterHole as [Fragment, Fragment];
    late.serverMs = first.serverMs + 50;

    const plans = plan([first, second, ...afterHole]);

    expect(sizes(plans)).to.deep.equal([2, 2]);
    expect(plans.map(({ range }) => range)).to.deep.equal([undefined, undefined]);
  });

  it("fetches by number where an older take of the same times may be held that is not listed yet", () => {
    const sent = steady(60);
    // After the third, the clock is set back by twenty seconds; what came in between, of the same times, is not listed.
    const listed = sent.map((fragment, index) => ({
      ...fragment,
      producerMs: fragment.producerMs - (index < 13 ? 0 : 20 * SECOND),
    }));
    const late = listed.filter((_, index) => index < 3 || index >= 13);
    const slower = sent.map((fragment, index) => ({ ...fragment, serverMs: fragment.serverMs + index * 90 }));

    const [plans, ofSlower] = [plan(late), plan(slower)];

    expect(sizes(plans)).to.deep.equal([20, 30]);
    expect(plans.map(({ range }) => range !== undefined)).to.deep.equal([false, true]);
    expect(ofSlower.every(({ range }) => range !== undefined)).to.equal(true);
  });

  it("fetches by number what GetClip may return one fragment late, as another came just before, in a burst", () => {
    const burst = (sizeBytes: number) =>
      steady(4, T0, { sizeBytes }).map((fragment, index) => ({ ...fragment, serverMs: T0 + 4 * index }));
    const [first, , ...rest] = burst(40_000_000);
    const listed = [first, ...rest] as Fragment[];
    const isAsked = (fragments: Fragment[], more = {}) =>
      plan(fragments, more).map(({ range }) => range !== undefined);

    expect(isAsked(rest, { listed })).to.deep.equal([true]);
    expect(isAsked(rest.map((one) => ({ ...one, producerMs: one.producerMs + 4 * SECOND })))).to.deep.equal([
      false,
    ]);
    expect(isAsked(burst(20_000_000).slice(2))).to.deep.equal([true]);
    expect(isAsked(steady(2, T0, { sizeBytes: 40_000_000 }))).to.deep.equal([true]);
  });

  const fragmentLists = fc
    .array(
      fc.record({
        stepMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 25_000 })),
        jumpMs: fc.oneof(
          { arbitrary: fc.constant(0), weight: 8 },
          { arbitrary: fc.integer({ min: -9e6, max: 9e6 }), weight: 1 },
        ),
        durationMs: fc.integer({ min: 200, max: 20_000 }),
        sizeBytes: fc.integer({ min: 1, max: 50_000_000 }),
      }),
      { maxLength: 300 },
    )
    .map((steps) => {
      let [serverMs, producerMs] = [T0, T0];
      return steps.map(({ stepMs, jumpMs, durationMs, sizeBytes }, index): Fragment => {
        serverMs += stepMs;
        producerMs += jumpMs;
        const fragment = { fragmentNumber: String(index), serverMs, producerMs, durationMs, sizeBytes };
        producerMs += durationMs;
        return fragment;
      });
    });

  it("puts every due fragment into exactly one clip, in order, within GetClip's limits", () => {
    fc.assert(
      fc.property(fragmentLists, fc.integer({ min: 10, max: 900 }), (fragments, clipSeconds) => {
        const nowMs = T0 + 1_200_000;
        const clipMs = clipSeconds * SECOND;

        const plans = planClips({ fragments, listed: fragments, clipMs, nowMs });

        const isDue = ({ serverMs }: Fragment) =>
          nowMs >= (Math.floor(serverMs / clipMs) + 1) * clipMs + 30_000;
        expect(plans.flatMap((one) => one.fragments)).to.deep.equal(fragments.filter(isDue));
        for (const one of plans) {
          const { fromMs = 0, toMs = 0 } = one.range ?? {};
          const inRange = fragments.filter(({ serverMs }) => serverMs >= fromMs && serverMs <= toMs);
          if (one.range) expect(inRange).to.deep.equal(one.fragments);
          if (one.range) expect(toMs).to.be.above(fromMs);
          expect(one.fragments.length).to.be.within(1, 200);
          const sizeBytes = one.fragments.reduce((sum, fragment) => sum + fragment.sizeBytes, 0);
          expect(one.fragments.length === 1 || sizeBytes <= 95_000_000).to.equal(true);
          expect(new Set(one.fragments.map(({ serverMs }) => Math.floor(serverMs / clipMs))).size).to.equal(
            1,
          );
        }
      }),
    );
  });

  it("cuts the same clips whenever it runs: a later run repeats an earlier one's and adds to it", () => {
    fc.assert(
      fc.property(fragmentLists, fc.nat(4_000_000), (fragments, waitMs) => {
        const early = plan(fragments, { nowMs: T0 + waitMs });

        const late = plan(fragments, { nowMs: T0 + 9_000_000 });

        expect(sizes(late).slice(0, early.length)).to.deep.equal(sizes(early));
      }),
    );
  });
});
