import { makeHistory } from "./tests/simulation/makeHistory";
for (let s = 0; s < 1000; s++) { const h = makeHistory(s); const slow = h.sessions.filter((x) => x.fragmentMs === 5900).length; if (slow && h.clipSeconds === 180) console.log(s, slow, h.sessions.length); }
