import * as crypto from "node:crypto";
import * as path from "node:path";
import { expect } from "chai";
import type { Entry } from "../../archive/ledger";
import { clipsIn, type MemoryObject } from "./memoryPorts";
import { entriesIn, fragments, MINUTE, numbers, setUp, stateIn, T0 } from "./rounds";

/** The number that entries' keys count down from. */
const LAST_SEQ = 999_999_999_999;

describe("a ledger that somebody damaged", () => {
  it("goes on behind its newest entry when someone's object has the highest number that there is", async () => {
    const { vault, round, held } = setUp();
    await round(T0 + 2 * MINUTE + 30_000);
    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    const note: MemoryObject = { bytes: Buffer.from("a note"), metadata: {}, tags: {}, contentType: "" };
    vault.objects.set(`${path.dirname(head)}/000000000000.json`, note);

    await round(T0 + 10 * MINUTE);

    const seqs = entriesIn(vault).map(({ seq }) => seq);
    expect(seqs).to.deep.equal(seqs.map((_, index) => index));
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("steps over what is no entry among its entries, names it, and goes on", async () => {
    const { vault, round, held } = setUp();
    await round(T0 + 2 * MINUTE + 30_000);
    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    const damaged = { ...(vault.objects.get(head) as MemoryObject), bytes: Buffer.from("{ half an entr") };
    vault.objects.set(head, damaged);
    vault.objects.set(`${path.dirname(head)}/0 notes.txt`, damaged);

    await round(T0 + 10 * MINUTE);

    const named = entriesIn(vault).flatMap((entry) => entry.damaged ?? []);
    expect(named).to.deep.equal([`${path.dirname(head)}/0 notes.txt`, head]);
    expect(vault.objects.get(head)).to.equal(damaged);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("reads an entry that was written over by its first version, names it, and goes on", async () => {
    const { vault, round, held } = setUp();
    await round(T0 + 2 * MINUTE + 30_000);
    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    const original = vault.objects.get(head) as MemoryObject;
    vault.firsts.set(head, original);
    vault.objects.set(head, { ...original, bytes: Buffer.from("{ half an entr") });
    const chained = crypto.createHash("sha256").update(original.bytes).digest("hex");

    await round(T0 + 10 * MINUTE);

    const [next] = entriesIn(vault).filter((entry) => entry.damaged);
    expect(next).to.deep.include({ damaged: [head], prev: chained });
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("believes no entry that was written over, though it is one: what its first version says counts", async () => {
    const { kept, vault, round, held } = setUp({ clipFailure: "InternalError" });
    await round(T0 + 2 * MINUTE + 30_000).catch(() => undefined);
    kept.clipFailure = undefined;
    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    const original = vault.objects.get(head) as MemoryObject;
    const plan = JSON.parse(String(original.bytes)) as Entry;
    const altered = { ...plan, state: { ...plan.state, openPlans: [] } };
    vault.firsts.set(head, original);
    vault.objects.set(head, { ...original, bytes: Buffer.from(JSON.stringify(altered)) });

    await round(T0 + 10 * MINUTE);

    expect(plan.state.openPlans).to.have.length(1);
    expect(entriesIn(vault).flatMap((entry) => entry.damaged ?? [])).to.deep.equal([head]);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  it("goes on behind a newest entry that somebody deleted, and names it", async () => {
    const { vault, round, held } = setUp();
    await round(T0 + 2 * MINUTE + 30_000);
    const [head = ""] = await vault.firstKeys("derby/ledger/", 1);
    vault.firsts.set(head, vault.objects.get(head) as MemoryObject);
    vault.objects.delete(head);

    await round(T0 + 10 * MINUTE);

    expect(vault.objects.has(head)).to.equal(false);
    expect(entriesIn(vault).flatMap((entry) => entry.damaged ?? [])).to.deep.equal([head]);
    expect(held()).to.deep.equal(numbers(fragments(90)));
  });

  const forgeries: [string, (head: Entry) => object][] = [
    ["has nothing in it", ({ seq }) => ({ seq, version: 1, prev: "", state: {}, change: {} })],
    ["is of no version of ours", (head) => ({ ...head, version: "1.0.0" })],
    ["is of a newer version, and not chained", (head) => ({ ...head, version: 2, prev: "" })],
    [
      "is an entry, and not chained",
      (head) => ({ ...head, prev: "", state: { ...head.state, lowWaterMs: T0 + 3_600_000 } }),
    ],
  ];
  for (const [what, forge] of forgeries) {
    it(`steps over what lies behind the newest entry and ${what}, names it, and goes on`, async () => {
      const { vault, round, held } = setUp();
      await round(T0 + 2 * MINUTE + 30_000);
      const head = entriesIn(vault).at(-1) as Entry;
      const [newest = ""] = await vault.firstKeys("derby/ledger/", 1);
      const key = newest.replace(String(LAST_SEQ - head.seq), String(LAST_SEQ - head.seq - 1));
      const bytes = Buffer.from(JSON.stringify(forge({ ...head, seq: head.seq + 1 })));
      vault.objects.set(key, { ...(vault.objects.get(newest) as MemoryObject), bytes });

      await round(T0 + 10 * MINUTE);

      const next = entriesIn(vault).find(({ seq }) => seq === head.seq + 2);
      const chained = crypto.createHash("sha256").update(vault.objects.get(newest)?.bytes ?? "");
      expect(next).to.deep.include({ damaged: [key], prev: chained.digest("hex") });
      expect(held()).to.deep.equal(numbers(fragments(90)));
    });
  }

  it("stops at an entry of a newer version that is chained: what it says, this code cannot know", async () => {
    const { vault, round } = setUp();
    await round(T0 + 2 * MINUTE + 30_000);
    const [newest = ""] = await vault.firstKeys("derby/ledger/", 1);
    const object = vault.objects.get(newest) as MemoryObject;
    const entry = JSON.parse(String(object.bytes)) as Entry;
    vault.objects.set(newest, { ...object, bytes: Buffer.from(JSON.stringify({ ...entry, version: 2 })) });

    const refusal = await round(T0 + 10 * MINUTE).catch((error: Error) => error.message);

    expect(refusal).to.equal(`${newest} was written by a newer version; deploy this stack anew`);
  });

  it("goes on when an entry with open plans is damaged beyond reading: names it, and loses nothing", async () => {
    const { vault, round, held } = setUp({
      fragments: fragments(30),
      refuse: "InvalidCodecPrivateDataException",
      codecOf: ({ serverMs }) => Number(serverMs >= T0 + 30_000),
    });
    const { putIfAbsent } = vault;
    vault.putIfAbsent = async (object) => {
      if (object.contentType.startsWith("video/")) throw new Error("killed");
      return putIfAbsent(object);
    };
    await round(T0 + 2 * MINUTE).catch(() => undefined);
    vault.putIfAbsent = putIfAbsent;
    const splitSeq = (entriesIn(vault).at(-1) as Entry).seq;
    await round(T0 + 2 * MINUTE, { mayGoOn: (count) => count < 1 });
    expect(stateIn(vault).openPlans.map(({ seq }) => seq)).to.deep.equal([splitSeq]);
    const key = [...vault.objects.keys()].find((one) => one.includes(String(LAST_SEQ - splitSeq))) ?? "";
    vault.objects.set(key, { ...(vault.objects.get(key) as MemoryObject), bytes: Buffer.from("{") });

    await round(T0 + 10 * MINUTE);

    expect(entriesIn(vault).flatMap((entry) => entry.damaged ?? [])).to.deep.equal([key]);
    expect(held()).to.include.members(numbers(fragments(30)));
    expect(stateIn(vault).openPlans).to.deep.equal([]);
  });

  it("plans anew what an entry planned that is damaged beyond reading, once", async () => {
    const { kept, vault, round, held } = setUp({ fragments: fragments(30), clipFailure: "InternalError" });
    await round(T0 + 2 * MINUTE).catch(() => undefined);
    kept.clipFailure = undefined;
    const plan = entriesIn(vault).at(-1) as Entry;
    const [key = ""] = await vault.firstKeys("derby/ledger/", 1);
    const foreign = { bytes: Buffer.from("{"), metadata: {}, tags: {}, contentType: "" };
    const next = { ...plan, seq: plan.seq + 1, change: { kind: "began" } };
    vault.objects.set(key, foreign);
    vault.objects.set(key.replace(String(LAST_SEQ - plan.seq), String(LAST_SEQ - plan.seq - 1)), {
      ...foreign,
      bytes: Buffer.from(JSON.stringify(next)),
    });

    await round(T0 + 10 * MINUTE);

    expect(entriesIn(vault).flatMap((entry) => entry.damaged ?? [])).to.deep.equal([key]);
    expect(held()).to.deep.equal(numbers(fragments(30)));
    expect(stateIn(vault).openPlans).to.deep.equal([]);
  });

  it("leaves somebody else's object under a clip's key, names it, and stores the clip under another", async () => {
    const { vault, round, held } = setUp({ fragments: fragments(30) });
    const other = { bytes: Buffer.from("x"), metadata: {}, tags: {}, contentType: "" };
    await round(T0 + 10 * MINUTE);
    const [key = ""] = clipsIn(vault).map((clip) => clip.key);
    vault.objects.clear();
    vault.objects.set(key, other);

    await round(T0 + 10 * MINUTE);

    expect(vault.objects.get(key)).to.equal(other);
    expect(entriesIn(vault).flatMap((entry) => entry.damaged ?? [])).to.deep.equal([key]);
    expect(held()).to.deep.equal(numbers(fragments(30)));
  });
});
