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
