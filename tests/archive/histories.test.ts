import { expect } from "chai";
import * as fc from "fast-check";
import { archiveStream } from "../../archive/archiveStream";
import type { Fragment } from "../../archive/fragment";
import type { FragmentSource, Vault } from "../../archive/ports";
import { type MemoryStream, memorySource, memoryVault, numbersHeld } from "./memoryPorts";

const T0 = Date.UTC(2026, 10, 22, 14, 0, 0);
const MINUTE = 60_000;
const CLIP_MS = MINUTE;

/** Fragments of five seconds from T0. */
const fragments = (count: number): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(91343852333181432392682062628987829494n + BigInt(index)),
    serverMs: T0 + index * 5000 + 125,
    producerMs: T0 + index * 5000,
    durationMs: 5000,
    sizeBytes: 1000,
  }));

/** Conservation and uniqueness: every fragment is in exactly one clip, and no plan is left open. */
function expectEachOnce(stream: MemoryStream, vault: ReturnType<typeof memoryVault>) {
  const numbers = stream.fragments.map(({ fragmentNumber }) => fragmentNumber);
  expect(numbersHeld(vault).sort()).to.deep.equal([...numbers].sort());
  const [head = ""] = [...vault.objects.keys()].filter((key) => key.startsWith("ledger/")).sort();
  const { state } = JSON.parse(vault.objects.get(head)?.bytes.toString() ?? "{}");
  expect(state.openPlans).to.deep.equal([]);
  expect(state.totals.fragments).to.equal(numbers.length);
}

const round = (source: FragmentSource, vault: Vault, nowMs: number) =>
  archiveStream({
    source,
    vault,
    prefix: "",
    clipMs: CLIP_MS,
    nowMs,
    tags: {},
    mayGoOn: () => true,
    announce: async () => undefined,
    retryDeferred: true,
  });

/** Every call of the ports goes through `through`, which may delay it, or fail it before or after it acts. */
type Through = <T>(call: () => Promise<T>) => Promise<T>;

const viaSource = (source: FragmentSource, through: Through): FragmentSource => ({
  describe: () => through(source.describe),
  list: (...range) => through(() => source.list(...range)),
  clip: (range) => through(() => source.clip(range)),
  media: (numbers) => through(() => source.media(numbers)),
});

const viaVault = (vault: Vault, through: Through): Vault => ({
  putIfAbsent: (object) => through(() => vault.putIfAbsent(object)),
  replace: (object, etag) => through(() => vault.replace(object, etag)),
  get: (key, versionId) => through(() => vault.get(key, versionId)),
  firstVersions: (prefix, limit) => through(() => vault.firstVersions(prefix, limit)),
  firstKeys: (prefix, limit) => through(() => vault.firstKeys(prefix, limit)),
  folders: (prefix) => through(() => vault.folders(prefix)),
});

/** Streams whose clips go each way: as GetClip makes them, refused, and refused with codec data that changes. */
const streams: Record<string, () => MemoryStream> = {
  "GetClip takes": () => ({ fragments: fragments(30), createdMs: T0 - MINUTE }),
  "GetClip refuses": () => ({
    fragments: fragments(30),
    createdMs: T0 - MINUTE,
    refuse: "InvalidMediaFrameException",
  }),
  "GetClip refuses every other time": () => {
    let calls = 0;
    const refusesNow = () => {
      calls += 1;
      return calls % 2 === 0;
    };
    return {
      fragments: fragments(30),
      createdMs: T0 - MINUTE,
      refuse: "InvalidMediaFrameException",
      refusesNow,
    };
  },
  "change their codec data": () => ({
    fragments: fragments(30),
    createdMs: T0 - MINUTE,
    refuse: "InvalidCodecPrivateDataException",
    codecOf: ({ serverMs }) => Math.floor((serverMs - T0) / 35_000),
  }),
};

describe("histories of archivers", () => {
  const warn = console.warn;
  before(() => {
    console.warn = () => undefined;
  });
  after(() => {
    console.warn = warn;
  });

  for (const [what, makeStream] of Object.entries(streams)) {
    for (const moment of ["before", "after"] as const) {
      it(`keep every fragment once when one dies ${moment} any of its calls, over fragments that ${what}`, async () => {
        let callsOfAll = 1;
        for (let fatal = 0; fatal <= callsOfAll; fatal += 1) {
          const [stream, vault] = [makeStream(), memoryVault()];
          const source = memorySource(stream);
          let calls = 0;
          const dying: Through = async (call) => {
            calls += 1;
            if (calls === fatal && moment === "before") throw new Error("killed");
            const answer = await call();
            if (calls === fatal) throw new Error("killed");
            return answer;
          };

          const now = T0 + 4 * MINUTE;
          await round(viaSource(source, dying), viaVault(vault, dying), now).catch(() => undefined);
          if (fatal === 0) callsOfAll = calls;
          await round(source, vault, now);

          expectEachOnce(stream, vault);
        }
        expect(callsOfAll).to.be.above(15);
      });
    }

    it(`keep every fragment once when several work at once, over fragments that ${what}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(fc.nat(3 * MINUTE), {
            minLength: 2,
            maxLength: 4,
          }),
          async (scheduler, archivers) => {
            const [stream, vault] = [makeStream(), memoryVault()];
            const source = memorySource(stream);
            const scheduled: Through = (call) => scheduler.schedule(Promise.resolve()).then(call);

            const rounds = archivers.map((laterMs) =>
              round(viaSource(source, scheduled), viaVault(vault, scheduled), T0 + MINUTE + laterMs),
            );
            await scheduler.waitFor(Promise.all(rounds));
            await round(source, vault, T0 + 10 * MINUTE);

            expectEachOnce(stream, vault);
          },
        ),
        { numRuns: 150 },
      );
    });
  }

  it("keep every fragment once when calls fail at random, listings lag and archivers overlap", async () => {
    const step = fc.record({
      laterMs: fc.nat(2 * MINUTE),
      failures: fc.array(fc.constantFrom("no", "no", "no", "before", "after"), { maxLength: 40 }),
      hidden: fc.array(fc.nat(29), { maxLength: 4 }),
      archivers: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.constantFrom(...Object.values(streams)),
        fc.array(step, { maxLength: 6 }),
        async (scheduler, makeStream, steps) => {
          const [stream, vault] = [makeStream(), memoryVault()];
          const all = stream.fragments;
          let nowMs = T0;
          for (const { laterMs, failures, hidden, archivers } of steps) {
            nowMs += laterMs;
            const visible = all.filter(({ serverMs }, index) => serverMs <= nowMs && !hidden.includes(index));
            const source = memorySource({ ...stream, fragments: visible });
            const failing: Through = async (call) => {
              await scheduler.schedule(Promise.resolve());
              const failure = failures.shift();
              if (failure === "before") throw new Error("no answer");
              const answer = await call();
              if (failure === "after") throw new Error("the answer was lost");
              return answer;
            };
            const rounds = Array.from({ length: archivers }, () =>
              round(viaSource(source, failing), viaVault(vault, failing), nowMs).catch(() => undefined),
            );
            await scheduler.waitFor(Promise.all(rounds));
          }

          // What could not be read is tried again by the next round, one stretch that decodes alike at a time.
          for (let last = 0; last < 4; last += 1)
            await round(memorySource(stream), vault, nowMs + 30 * MINUTE);

          expectEachOnce(stream, vault);
        },
      ),
      { numRuns: 300 },
    );
  });
});
