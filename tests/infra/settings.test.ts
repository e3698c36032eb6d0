import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { loadSettings } from "../../infra/settings";

const root = path.join(__dirname, "..", "..");
const load = (config: Record<string, unknown>) =>
  loadSettings(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        `lastframe:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    "lastframe",
  );

describe("settings", () => {
  it("gives each stream the stack's defaults and lets it state its own", () => {
    const config = {
      clipSeconds: 60,
      streams: [{ name: "gate" }, { name: "podium", clipSeconds: 30, retentionHours: 2 }],
    };

    const settings = load(config);

    expect(settings).to.deep.equal({
      streams: [
        { name: "gate", clipSeconds: 60, retentionHours: 24, alarmThreshold: 10 },
        { name: "podium", clipSeconds: 30, retentionHours: 2, alarmThreshold: 10 },
      ],
      prefix: "",
      reconcileMinutes: 15,
      logRetentionDays: 30,
    });
  });

  it("has the defaults that Pulumi.yaml documents", () => {
    const { config } = parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8"));
    const documented = Object.entries<{ default?: unknown }>(config).filter(([name]) => name !== "streams");

    const { streams, ...settings } = load({ streams: [{ name: "gate" }] });

    const actual: Record<string, unknown> = { ...streams[0], ...settings };
    for (const [name, { default: value }] of documented) expect(actual[name], name).to.equal(value);
  });

  it("leaves the keys of other packages alone", () => {
    const config = { "aws:region": "eu-west-1", "lastframe:streams": '[{"name":"gate"}]' };

    const settings = loadSettings(config, "lastframe");

    expect(settings.streams).to.have.length(1);
  });

  const wrong: [string, Record<string, unknown>, string][] = [
    ["no streams", {}, "[lastframe:streams] is missing; write a list such as [{name: gate}]"],
    [
      "an empty list",
      { streams: [] },
      "[lastframe:streams] is []; write at least one stream, such as [{name: gate}]",
    ],
    [
      "a name instead of a list",
      { streams: "gate" },
      '[lastframe:streams] is "gate"; write a list such as [{name: gate}]',
    ],
    [
      "a stream that is no object",
      { streams: ["gate"] },
      '[lastframe:streams[0]] is "gate"; write an object such as {name: gate}',
    ],
    [
      "a stream without a name",
      { streams: [{ clipSeconds: 60 }] },
      "[lastframe:streams[0].name] is missing; write the stream's name",
    ],
    [
      "an illegal name",
      { streams: [{ name: "front gate" }] },
      '[lastframe:streams[0].name] is "front gate"; write 1 to 200 letters, digits, dots, dashes or underscores',
    ],
    [
      "the same name twice",
      { streams: [{ name: "gate" }, { name: "gate" }] },
      '[lastframe:streams[1].name] is "gate"; give each stream a name of its own',
    ],
    [
      "a clip that is too short",
      { streams: [{ name: "gate", clipSeconds: 9 }] },
      "[lastframe:streams[0].clipSeconds] is 9; write a whole number from 10 to 900",
    ],
    [
      "a clip that is too long",
      { clipSeconds: 901, streams: [{ name: "gate" }] },
      "[lastframe:clipSeconds] is 901; write a whole number from 10 to 900",
    ],
    [
      "half a second",
      { clipSeconds: 10.5, streams: [{ name: "gate" }] },
      "[lastframe:clipSeconds] is 10.5; write a whole number from 10 to 900",
    ],
    [
      "no retention",
      { retentionHours: 0, streams: [{ name: "gate" }] },
      "[lastframe:retentionHours] is 0; write a whole number from 2 to 87600",
    ],
    [
      "an unknown key",
      { clipLength: 60, streams: [{ name: "gate" }] },
      "[lastframe:clipLength] is not a setting; the settings here are streams, clipSeconds, retentionHours, alarmThreshold, prefix, reconcileMinutes, logRetentionDays",
    ],
    [
      "an unknown key of a stream",
      { streams: [{ name: "gate", seconds: 60 }] },
      "[lastframe:streams[0].seconds] is not a setting; the settings here are name, clipSeconds, retentionHours, alarmThreshold",
    ],
    [
      "a prefix without its slash",
      { prefix: "derby", streams: [{ name: "gate" }] },
      '[lastframe:prefix] is "derby"; write nothing, or folders that end in a slash, such as derby/',
    ],
    ["broken JSON", { streams: "[{" }, "[lastframe:streams] is not valid JSON: [{"],
  ];
  for (const [what, config, message] of wrong) {
    it(`refuses ${what} in one line that names the key and says what to write`, () => {
      expect(() => load(config))
        .to.throw(message)
        .with.property("message", message);
    });
  }
});
