import { expect } from "chai";
import { readPattern } from "../../../local/eventBridge/pattern";

const EVENT = {
  source: "aws.cloudwatch",
  resources: ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:derby-gate"],
  detail: {
    alarmName: "derby-gate",
    state: { value: "ALARM" },
    lagMs: 300,
    note: null,
    done: true,
    cameras: ["gate", "paddock"],
    clips: [
      { key: "a.mp4", sizeBytes: 10 },
      { key: "b.mkv", sizeBytes: 20 },
    ],
    nothing: [],
  },
};

const MATCHING: [string, object][] = [
  ["an exact value", { source: ["aws.cloudwatch"] }],
  ["one of several values", { source: ["aws.s3", "aws.cloudwatch"] }],
  ["a nested value", { detail: { state: { value: ["ALARM"] } } }],
  ["a number", { detail: { lagMs: [300] } }],
  ["null and true", { detail: { note: [null], done: [true] } }],
  ["one of a list in the event", { detail: { cameras: ["paddock"] } }],
  ["an object in a list as a whole", { detail: { clips: { key: ["b.mkv"], sizeBytes: [20] } } }],
  ["a prefix", { resources: [{ prefix: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:derby-" }] }],
  ["a prefix in any case", { detail: { alarmName: [{ prefix: { "equals-ignore-case": "DERBY" } }] } }],
  ["a suffix", { detail: { alarmName: [{ suffix: "-gate" }] } }],
  ["a value in any case", { detail: { alarmName: [{ "equals-ignore-case": "Derby-Gate" }] } }],
  ["a wildcard", { detail: { alarmName: [{ wildcard: "d*-*te" }] } }],
  ["anything but a value", { detail: { alarmName: [{ "anything-but": "derby2" }] } }],
  ["anything but a list", { detail: { lagMs: [{ "anything-but": [1, 2] }] } }],
  ["anything but a prefix", { detail: { alarmName: [{ "anything-but": { prefix: "derby2" } }] } }],
  ["anything but some suffixes", { detail: { alarmName: [{ "anything-but": { suffix: ["x", "y"] } }] } }],
  ["a numeric range", { detail: { lagMs: [{ numeric: [">", 0, "<=", 300] }] } }],
  ["a field that exists", { detail: { alarmName: [{ exists: true }] } }],
  ["a field that does not exist", { detail: { absent: [{ exists: false }] } }],
  ["an empty list as no field", { detail: { nothing: [{ exists: false }] } }],
  ["one of alternatives", { detail: { $or: [{ lagMs: [{ numeric: [">", 900] }] }, { done: [true] }] } }],
];

const OTHER: [string, object][] = [
  ["another value", { source: ["aws.s3"] }],
  ["a number as text", { detail: { lagMs: ["300"] } }],
  ["a longer name with the same beginning", { detail: { alarmName: ["derby"] } }],
  ["members of two objects of a list", { detail: { clips: { key: ["a.mp4"], sizeBytes: [20] } } }],
  ["anything but, of an absent field", { detail: { absent: [{ "anything-but": "x" }] } }],
  ["an excluded wildcard", { detail: { alarmName: [{ "anything-but": { wildcard: "*gate" } }] } }],
  ["a range that ends before", { detail: { lagMs: [{ numeric: ["<", 300] }] } }],
  ["a value below a value", { detail: { alarmName: { deeper: ["x"] } } }],
  ["one of two required fields", { source: ["aws.cloudwatch"], detail: { done: [false] } }],
  ["alternatives that all fail", { $or: [{ source: ["x"] }, { account: ["y"] }] }],
  ["an escaped asterisk", { detail: { alarmName: [{ wildcard: "derby\\*gate" }] } }],
];

const INVALID: [string, string, RegExp][] = [
  ["text that is not JSON", "{", /Reason: /],
  ["a list", "[]", /Filter is not an object/],
  ["a bare value", '{"source":"aws.s3"}', /'source' must be an object or an array/],
  ["an empty list", '{"source":[]}', /Empty arrays are not allowed/],
  ["an empty object", '{"detail":{}}', /Empty objects are not allowed/],
  ["an unknown test", '{"source":[{"postfix":"x"}]}', /Unrecognized match type postfix/],
  ["two tests in one", '{"source":[{"prefix":"x","suffix":"y"}]}', /Only one key/],
  ["a number as prefix", '{"source":[{"prefix":1}]}', /prefix match pattern must be a string/],
  ["an unknown comparison", '{"a":[{"numeric":["!",1]}]}', /Unrecognized numeric range operator/],
  ["exists with a text", '{"a":[{"exists":"yes"}]}', /exists match pattern/],
  ["two asterisks in a row", '{"a":[{"wildcard":"a**"}]}', /Consecutive wildcard/],
];

describe("an event pattern", () => {
  for (const [what, pattern] of MATCHING) {
    it(`matches ${what}`, () => {
      const matches = readPattern(JSON.stringify(pattern));

      expect(matches(EVENT)).to.equal(true);
    });
  }

  for (const [what, pattern] of OTHER) {
    it(`does not match ${what}`, () => {
      const matches = readPattern(JSON.stringify(pattern));

      expect(matches(EVENT)).to.equal(false);
    });
  }

  for (const [what, text, message] of INVALID) {
    it(`is refused if it is ${what}`, () => {
      const read = () => readPattern(text);

      expect(read).to.throw(message).with.property("code", "InvalidEventPatternException");
    });
  }
});
