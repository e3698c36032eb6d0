import { expect } from "chai";
import { findBacklog } from "../../archive/backlog";
import type { Fragment } from "../../archive/fragment";
import { MOST_LISTED } from "../../archive/listStretch";
import type { FragmentSource, Listing } from "../../archive/ports";
import { type MemoryStream, memorySource, numbersHeld } from "./memoryPorts";
import { changesIn, fragments, MINUTE, setUp, stateIn, T0 } from "./rounds";

const HOUR = 60 * MINUTE;

/** 200 fragments of two seconds, all that GetClip returns. */
const CELL = 400_000;

/** Index of the first fragment that began at or after an instant. */
function firstFrom(list: Fragment[], atMs: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.serverMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** In what order a listing's fragments come: what is broken off shows others of them. */
const ORDERS: Record<string, (list: Fragment[]) => Fragment[]> = {
  "the oldest first": (list) => list,
  "the newest first": (list) => list.toReversed(),
  // As if they came from seven servers, each with a seventh of all.
  "no order": (list) =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((rest) => list.filter((_, index) => index % 7 === rest)),
};

/** A source of a long stream that is listed in one of the orders, and how many fragments each listing held. */
function longSource(stream: MemoryStream, order: (list: Fragment[]) => Fragment[]) {
  const held: number[] = [];
  const between = (fromMs: number, toMs: number) =>
    stream.fragments.slice(firstFrom(stream.fragments, fromMs), firstFrom(stream.fragments, toMs + 1));
  const source: FragmentSource = {
    ...memorySource(stream),
    async describe() {
      return { ...(await memorySource(stream).describe()), retentionHours: 300 };
    },
    async list({ fromMs, toMs }, most = Number.POSITIVE_INFINITY): Promise<Listing> {
      const all = order(between(fromMs, toMs));
      const shown = all.slice(0, most);
      held.push(shown.length);
      const listing = { fragments: shown, answeredMs: toMs };
      return shown.length < all.length ? { ...listing, isCut: true } : listing;
    },
    clip: ({ fromMs, toMs }) =>
      memorySource({ ...stream, fragments: between(fromMs, toMs) }).clip({ fromMs, toMs }),
  };
  return { source, held };
}

describe("a backlog that is too long for one listing", function () {
  this.timeout(300_000);

  it("is archived whole, in listings that can be held, and nothing is concluded before its end", async () => {
    const count = 300_000;
    const { kept, vault, round } = setUp({ fragments: fragments(count) });
    const { source, held } = longSource(kept, ORDERS["no order"]!);
    const nowMs = T0 + count * 2000 + HOUR;
    const coveredToMs: (number | undefined)[] = [];
    let hasBacklog = true;

    while (hasBacklog) {
      const mayGoOn = (clipCount: number) => clipCount < 100;
      const result = await round(nowMs, { source, clipMs: CELL, mayGoOn });
      coveredToMs.push(result.coveredToMs);
      hasBacklog = result.hasBacklog;
    }

    expect(Math.max(...held)).to.be.at.most(MOST_LISTED);
    expect(new Set(numbersHeld(vault)).size).to.equal(count);
    expect(numbersHeld(vault)).to.have.length(count);
    expect(changesIn(vault).filter(({ kind }) => kind === "gap")).to.deep.equal([]);
    expect(changesIn(vault).filter(({ kind }) => kind === "closed")).to.have.length(1);
    expect(coveredToMs.filter((ms) => ms !== undefined)).to.deep.equal([nowMs - HOUR]);
    expect(changesIn(vault).filter(({ kind }) => kind === "plan").length).to.be.at.most(count / 200 + 1);
  });

  for (const [order, inOrder] of Object.entries(ORDERS)) {
    it(`has its oldest footage found, and its clips cut where they would be, when it is listed with ${order}`, async () => {
      const count = 90_000;
      const { kept, vault, round } = setUp({ fragments: fragments(count) });
      const { source, held } = longSource(kept, inOrder);
      const nowMs = T0 + count * 2000;
      await round(nowMs, { source, clipMs: CELL, mayGoOn: (clipCount) => clipCount < 3 });

      const backlog = await findBacklog({ source, vault, prefix: "derby/", nowMs });

      const clips = changesIn(vault).flatMap(({ kind, clip }) => (kind === "plan" && clip ? [clip] : []));
      const firsts = clips.map((clip) => clip.fragments[0]?.[1] ?? 0);
      expect(Math.max(...held)).to.be.at.most(MOST_LISTED);
      expect(firsts.slice(1).map((serverMs) => serverMs % CELL < 2000)).to.deep.equal([true, true]);
      expect(backlog).to.deep.include({ oldestMs: kept.fragments[numbersHeld(vault).length]?.serverMs });
      expect(backlog).to.deep.include({ isPart: true });
    });
  }

  it("is gone through stretch by stretch where all of it is archived and low-water stayed behind", async () => {
    const count = 60_000;
    const { kept, vault, round } = setUp({ fragments: fragments(count) });
    const last = kept.fragments.pop()!;
    const { source } = longSource(kept, ORDERS["no order"]!);
    const nowMs = T0 + count * 2000 + HOUR;
    await round(nowMs, { source, clipMs: CELL });
    const head = [...vault.objects.keys()].filter((key) => key.includes("/ledger/")).sort()[0] ?? "";
    const entry = JSON.parse(vault.objects.get(head)!.bytes.toString());
    const books = Object.assign({}, entry.state.books, ...allMinutes(vault));
    const state = { ...entry.state, books, lowWaterMs: T0 - MINUTE };
    Object.assign(vault.objects.get(head)!, { bytes: Buffer.from(JSON.stringify({ ...entry, state })) });
    kept.fragments.push(last);

    const result = await round(nowMs + 4 * MINUTE, { source, clipMs: CELL });

    expect(result).to.deep.include({ hasBacklog: false, isDrained: true });
    expect(numbersHeld(vault)).to.have.length(count);
    expect(stateIn(vault).lowWaterMs).to.be.above(T0 + count * 2000 - CELL);
  });
});

/** The books of all finished hours. */
const allMinutes = (vault: ReturnType<typeof setUp>["vault"]) =>
  [...vault.objects]
    .filter(([key]) => key.includes("/ledger/"))
    .flatMap(([, { bytes }]) => JSON.parse(bytes.toString()).hours ?? [])
    .map(({ minutes }: { minutes: object }) => minutes);

describe("an ordinary backlog", () => {
  it("is listed once", async () => {
    const { kept, round } = setUp();
    const { source, held } = longSource(kept, ORDERS["no order"]!);

    await round(T0 + 5 * MINUTE, { source });

    expect(held.filter((count) => count > 0)).to.deep.equal([90]);
  });
});
