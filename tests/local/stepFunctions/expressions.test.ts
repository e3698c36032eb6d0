import { expect } from "chai";
import { evaluate } from "../../../local/stepFunctions/expressions";

const NOW_MS = Date.parse("2026-11-22T14:03:00Z");
const ask = (expression: string, input: unknown = {}) =>
  evaluate(
    `{% ${expression} %}`,
    { states: { input, context: {} }, variables: { n: 7 }, nowMs: NOW_MS },
    "Output",
  );

describe("local Step Functions: expressions", () => {
  for (const [expression, value] of [
    ["$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]],
    ["$range(0, 10, 5)", [0, 5, 10]],
    ["$range(3, 1, -1)", [3, 2, 1]],
    ["$hash('gate', 'SHA-256')", "c974e17b8e7321ce8c12983de3d0ed4a289821f579bbe0925b0181a4bc8e8d80"],
    ["$parse('{\"a\":[1]}')", { a: [1] }],
    ["$random(42) = $random(42)", true],
    ["$random() < 1", true],
    ["$length($uuid())", 36],
    ["$n + 1", 8],
    ["$millis()", NOW_MS],
    ["$now()", "2026-11-22T14:03:00.000Z"],
    ["$now('[Y0001][M01][D01]')", "20261122"],
    ["$states.input.streams[name = 'gate'].clips", 180],
  ] as const) {
    it(`answers ${JSON.stringify(value)} for ${expression}`, async () => {
      const result = await ask(expression, { streams: [{ name: "gate", clips: 180 }, { name: "track" }] });

      expect(result).to.deep.equal(value);
    });
  }

  it("evaluates every expression of a template and leaves other values alone", async () => {
    const template = { a: ["{% $n %}", "n"], b: { c: "{% [$n] %}" }, d: 1, e: null };

    const value = await evaluate(
      template,
      { states: { input: {}, context: {} }, variables: { n: 7 }, nowMs: NOW_MS },
      "Output",
    );

    expect(value).to.deep.equal({ a: [7, "n"], b: { c: [7] }, d: 1, e: null });
  });

  for (const [title, expression, message] of [
    ["answers nothing", "$states.input.missing", /returned nothing/],
    ["reads an unknown variable", "$unknown", /returned nothing/],
    ["throws", "1 + 'a'", /threw an error during evaluation.*T2002/],
    ["asks for an unknown hash", "$hash('a', 'CRC')", /\$hash knows MD5/],
    ["answers a function", "function($x){$x}", /returned a value that is not JSON/],
    ["calls $eval", "$eval('1')", /\$eval is not supported/],
  ] as const) {
    it(`fails an expression that ${title}`, async () => {
      const failure = await ask(expression).catch((error: unknown) => error);

      expect(failure).to.include({ error: "States.QueryEvaluationError" });
      expect((failure as { cause: string }).cause).to.match(message);
    });
  }
});
