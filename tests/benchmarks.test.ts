import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { BENCHES } from "../bench/benches";

const page = fs.readFileSync(path.join(__dirname, "..", "docs", "benchmarks.md"), "utf8");

describe("docs/benchmarks.md", () => {
  it("says of each bench how it is measured, as the bench itself does", () => {
    const sections = page.split(/^## /m).slice(1);

    const heads = sections.map((section) => section.split("\n").slice(0, 3));

    expect(heads.length).to.be.above(0);
    expect(Object.values(BENCHES).map(({ title, how }) => [title, "", how])).to.deep.include.members(heads);
  });
});
