import { expect } from "chai";
import type { Fragment } from "../../archive/fragment";
import type { FragmentSource } from "../../archive/ports";
import { clipsIn, memorySource } from "./memoryPorts";
import { changesIn, fragments, MINUTE, numbers, setUp, stateIn, T0 } from "./rounds";

const HOUR = 60 * MINUTE;

const BAD = fragments(90)[5]!;

const failure = (name: string) => Object.assign(new Error("it was to fail"), { name });

/** The calls of a source that fail, and with what; those that are not named, answer. */
interface Failures {
  list?: string;
  clip?: string;
  media?: string;
  /** Whether they fail of everything, and not only of what BAD is part of. */
  ofAll?: boolean;
}

/** An archive of three minutes of footage, and rounds every five minutes over a source of which some calls fail. */
function setUpFailing() {
  const failing: Failures = {};
  const { kept, ...archive } = setUp();
  const inner = memorySource(kept);
  const fails = (call: "clip" | "media", isBad: boolean) => {
    const name = isBad || failing.ofAll ? failing[call] : undefined;
    if (name) throw failure(name);
  };
  const source: FragmentSource = {
    ...inner,
    async list(range) {
      if (failing.list) throw failure(failing.list);
      return inner.list(range);
    },
    async clip(range) {
      fails("clip", range.fromMs <= BAD.serverMs && range.toMs >= BAD.serverMs);
      return inner.clip(range);
    },
    async media(list) {
      fails("media", list.includes(BAD.fragmentNumber));
      return inner.media(list);
    },
  };
  let nowMs = T0;
  const errors: string[] = [];
  /** Plays rounds until an instant; returns the names of their errors. */
  async function roundsUntil(untilMs: number) {
    errors.length = 0;
    while (nowMs + 5 * MINUTE <= untilMs) {
      nowMs += 5 * MINUTE;
      const round = archive.round(nowMs, { source, retryDeferred: true });
      await round.catch(({ name }: Error) => errors.push(name));
    }
    return errors;
  }
  const sources = () =>
    changesIn(archive.vault)
      .filter(({ kind }) => kind === "stored")
      .map((change) => (change as unknown as { source: string }).source);
  return { ...archive, kept, failing, roundsUntil, sources };
}

describe("a stream of which something cannot be read", () => {
  const { warn } = console;
  before(() => {
    console.warn = () => undefined;
  });
  after(() => {
    console.warn = warn;
  });

  for (const name of ["ResourceNotFoundException", "InternalFailure", "TimeoutError", "SomethingNew"]) {
    it(`has all of it stored while GetClip answers ${name} for one clip, and holds nothing up for it`, async () => {
      const { failing, roundsUntil, held, kept, sources } = setUpFailing();
      failing.clip = name;

      const errors = await roundsUntil(T0 + 20 * MINUTE);

      expect(held()).to.have.members(numbers(kept.fragments));
      expect(sources()[0]).to.equal("fragments");
      expect(new Set(sources().slice(1))).to.deep.equal(new Set(["get-clip"]));
      expect(errors).to.deep.equal([name]);
    });
  }

  it("waits a few minutes for GetClip, and leaves the plan as it is until then", async () => {
    const { kept, round, vault, sources } = setUpFailing();
    kept.clipFailure = "InternalFailure";
    for (const seconds of [300, 420, 599]) await round(T0 + seconds * 1000).catch(() => undefined);
    const before = changesIn(vault).map(({ kind }) => kind);
    kept.clipFailure = undefined;

    await round(T0 + 600_000);

    expect(before).to.deep.equal(["began", "plan"]);
    expect(new Set(sources())).to.deep.equal(new Set(["get-clip"]));
  });

  it("waits once a round, not once a clip, where hours suffer from the same", async () => {
    const { failing, roundsUntil, held, kept, sources } = setUpFailing();
    Object.assign(failing, { clip: "InternalFailure", ofAll: true });

    await roundsUntil(T0 + 10 * MINUTE);

    expect(held()).to.have.members(numbers(kept.fragments));
    expect(new Set(sources())).to.deep.equal(new Set(["fragments"]));
  });

  for (const [clip, media] of [
    ["InvalidMediaFrameException", "InvalidArgumentException"],
    ["ResourceNotFoundException", "InvalidArgumentException"],
    ["InternalFailure", "InternalFailure"],
    ["TimeoutError", "TimeoutError"],
  ]) {
    it(`stores all around a fragment for which GetMediaForFragmentList answers ${media}, after ${clip}`, async () => {
      const { failing, roundsUntil, held, kept, vault } = setUpFailing();
      Object.assign(failing, { clip, media });

      await roundsUntil(T0 + 30 * MINUTE);

      const others = kept.fragments.filter(({ fragmentNumber }) => fragmentNumber !== BAD.fragmentNumber);
      const { deferred, openPlans } = stateIn(vault);
      expect(held()).to.have.members(numbers(others));
      expect(openPlans).to.deep.equal([]);
      expect(deferred.map(({ fromMs, toMs }) => [fromMs, toMs])).to.deep.equal([
        [BAD.serverMs, BAD.serverMs],
      ]);
    });
  }

  for (const [where, cut] of Object.entries<(all: Fragment[]) => Fragment[]>({
    first: (all) => all.slice(5, 9),
    "in the middle": (all) => all.slice(0, 12),
    last: (all) => all.slice(3, 6),
  })) {
    it(`holds up none of its own clip where it is ${where} and nothing newer shows that others can be read`, async () => {
      const { failing, roundsUntil, held, kept } = setUpFailing();
      kept.fragments = cut(kept.fragments);
      Object.assign(failing, { clip: "InternalFailure", media: "InternalFailure" });

      await roundsUntil(T0 + 20 * MINUTE);

      const others = kept.fragments.filter(({ fragmentNumber }) => fragmentNumber !== BAD.fragmentNumber);
      expect(held()).to.have.members(numbers(others));
    });
  }

  it("puts off nothing where all there is cannot be read, and nothing else tells why", async () => {
    const { failing, roundsUntil, held, kept, vault } = setUpFailing();
    kept.fragments = kept.fragments.slice(5, 9);
    Object.assign(failing, { clip: "InternalFailure", media: "InternalFailure", ofAll: true });
    await roundsUntil(T0 + 5 * HOUR);
    const before = changesIn(vault).flatMap(({ deferred = [], lost = [] }) => [...deferred, ...lost]);
    Object.assign(failing, { clip: undefined, media: undefined });

    await roundsUntil(T0 + 5 * HOUR + 10 * MINUTE);

    expect(before).to.deep.equal([]);
    expect(held()).to.have.members(numbers(kept.fragments));
  });

  it("stores what could not be read once it can be", async () => {
    const { failing, roundsUntil, held, kept, vault } = setUpFailing();
    Object.assign(failing, { clip: "InternalFailure", media: "InternalFailure" });
    await roundsUntil(T0 + 30 * MINUTE);
    Object.assign(failing, { clip: undefined, media: undefined });

    await roundsUntil(T0 + 40 * MINUTE);

    expect(held()).to.have.members(numbers(kept.fragments));
    expect(stateIn(vault).deferred).to.deep.equal([]);
  });

  it("names what could never be read as a gap when its retention is over, and not before", async () => {
    const { failing, roundsUntil, vault, kept } = setUpFailing();
    Object.assign(failing, { clip: "InternalFailure", media: "InternalFailure" });
    await roundsUntil(T0 + 24 * HOUR);
    const before = changesIn(vault).filter(({ kind, cause }) => kind === "gap" && cause === "unreadable");
    kept.fragments = kept.fragments.slice(30);

    await roundsUntil(T0 + 24 * HOUR + 20 * MINUTE);

    const gaps = changesIn(vault).filter(({ kind, cause }) => kind === "gap" && cause === "unreadable");
    expect(before).to.deep.equal([]);
    expect(gaps.map((gap) => gap.fragments?.map(([number]) => number))).to.deep.equal([[BAD.fragmentNumber]]);
  });

  for (const [what, failures] of Object.entries<Failures>({
    "all calls fail": { list: "InternalFailure", clip: "InternalFailure", media: "InternalFailure" },
    "no media can be read": { clip: "InternalFailure", media: "InternalFailure" },
    "all readers are throttled": {
      clip: "ClientLimitExceededException",
      media: "ClientLimitExceededException",
    },
  })) {
    it(`puts off nothing while ${what}, for hours, and stores all of it then`, async () => {
      const { failing, roundsUntil, held, kept, vault } = setUpFailing();
      Object.assign(failing, failures, { ofAll: true });
      await roundsUntil(T0 + 5 * HOUR);
      const before = changesIn(vault).flatMap(({ deferred = [], lost = [] }) => [...deferred, ...lost]);
      Object.assign(failing, { list: undefined, clip: undefined, media: undefined });

      await roundsUntil(T0 + 5 * HOUR + 10 * MINUTE);

      expect(before).to.deep.equal([]);
      expect(held()).to.have.members(numbers(kept.fragments));
    });
  }

  it("has its plan wait for whoever is to mend a right that is missing", async () => {
    const { failing, roundsUntil, vault } = setUpFailing();
    failing.clip = "NotAuthorizedException";

    const errors = await roundsUntil(T0 + HOUR);

    expect(changesIn(vault).map(({ kind }) => kind)).to.deep.equal(["began", "plan"]);
    expect(new Set(errors)).to.deep.equal(new Set(["NotAuthorizedException"]));
    expect(clipsIn(vault)).to.deep.equal([]);
  });

  it("has its plan as it is where it is gone, though GetClip's 404 could say that nothing is held", async () => {
    const { failing, roundsUntil, vault } = setUpFailing();
    Object.assign(failing, { clip: "ResourceNotFoundException", ofAll: true });
    await roundsUntil(T0 + 5 * MINUTE);
    failing.list = "ResourceNotFoundException";

    const errors = await roundsUntil(T0 + HOUR);

    expect(changesIn(vault).map(({ kind }) => kind)).to.deep.equal(["began", "plan"]);
    expect(new Set(errors)).to.deep.equal(new Set(["ResourceNotFoundException"]));
  });
});
