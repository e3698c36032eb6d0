if (process.env.MUT) require("./tests/simulation/mutate").loadMutated(process.env.MUT);
const { playSeed, quietly } = require("./tests/simulation/playSeed");
const { makeHistory } = require("./tests/simulation/makeHistory");
const { play } = require("./tests/simulation/world");
const { lastframe } = require("./tests/simulation/lastframe");
const { check, readArchive } = require("./tests/simulation/checker");
(async () => {
  const seed = Number(process.argv[2]);
  const h = makeHistory(seed);
  const w = await quietly(() => play(h, lastframe));
  const rel = (ms?: number) => ms === undefined ? "-" : ((ms - h.startMs) / 1000).toFixed(1);
  const { sessions, faults, deeds, ...rest } = h;
  console.log(JSON.stringify(rest));
  for (const s of sessions) console.log("session", JSON.stringify(s));
  for (const f of faults) console.log("fault", JSON.stringify({ ...f, fromMs: f.fromMs / 1000, toMs: f.toMs / 1000 }));
  for (const d of deeds) console.log("deed", JSON.stringify(d));
  console.log("rings", w.cloudWatch.rings.map((r: any) => `${rel(r.fromMs)}-${rel(r.toMs)}`).join(" "));
  for (const [n, e] of w.stepFunctions.executions) console.log("exec", n, (e as any).status, rel(e.startMs), rel(e.stopMs), "tr", e.transitions, "ev", e.events, (e as any).error ?? "");
  console.log("schedule", w.scheduleMs.map(rel).join(" "));
  for (const v of check(w).slice(0, 4)) console.log(v.invariant, v.fragment, v.says);
  const from = Number(process.argv[3] ?? 0), to = Number(process.argv[4] ?? 0);
  for (const l of readArchive(w).ledgers) for (const e of l.entries) {
    const t = (e.putMs - h.startMs) / 1000;
    if (t >= from && t <= to) {
      const c: any = { ...e.change };
      if (c.clip) c.clip = { key: c.clip.key.slice(-40), n: c.clip.fragments.length, first: rel(c.clip.fragments[0][1]), last: rel(c.clip.fragments.at(-1)[1]) };
      if (Array.isArray(c.clips)) c.clips = c.clips.map((x: any) => ({ n: x.fragments.length, first: rel(x.fragments[0][1]), last: rel(x.fragments.at(-1)[1]) }));
      if (Array.isArray(c.fragments)) c.fragments = c.fragments.length + " rows " + rel(c.fragments[0]?.[1]);
      if (Array.isArray(c.lost)) c.lost = c.lost.length;
      if (Array.isArray(c.deferred)) c.deferred = c.deferred.map((r: any) => Array.isArray(r) ? r[0].slice(-8) + "@" + rel(r[1]) : r);
      for (const k of ["fromMs", "toMs"]) if (c[k]) c[k] = rel(c[k]);
      console.log(t.toFixed(1), "by", e.putBy, e.seq, JSON.stringify(c).slice(0, 600), "low", rel(e.state.lowWaterMs), "def", JSON.stringify(e.state.deferred.map((d: any) => ({ ...d, fromMs: rel(d.fromMs), toMs: rel(d.toMs) }))).slice(0, 300), "open", e.state.openPlans.length);
    }
  }
})();
process.on("exit", () => { if (process.env.DBG) for (const [k, n] of [...(globalThis as any).dbg].sort((a: any, b: any) => b[1] - a[1]).slice(0, 8)) console.log(n, k); });
