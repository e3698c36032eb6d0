import { expect } from "chai";
import type { AlarmConfiguration } from "../../../local/cloudWatch/alarm";
import { evaluate } from "../../../local/cloudWatch/evaluation";

const THRESHOLD = 10;
const VALUES: Record<string, number | undefined> = { "0": 1, X: 20, "-": undefined };

/** Evaluates the user guide's notation: `X` breaches, `0` does not, `-` is missing; the oldest first. */
function stateFor(data: string, treatMissingData: string, datapointsToAlarm = 3) {
  const configuration: AlarmConfiguration = {
    AlarmName: "kvs-gate",
    ActionsEnabled: true,
    Namespace: "AWS/KinesisVideo",
    MetricName: "PutMedia.IncomingFragments",
    Dimensions: [],
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 3,
    DatapointsToAlarm: datapointsToAlarm,
    Threshold: THRESHOLD,
    ComparisonOperator: "GreaterThanThreshold",
    TreatMissingData: treatMissingData,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
  };
  const periods = data.split(" ").map((mark, index) => ({ startMs: index * 60_000, value: VALUES[mark] }));
  return evaluate(configuration, periods)?.value ?? "retained";
}

const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"];
const NO_DATA = ["INSUFFICIENT_DATA", "retained", "ALARM", "OK"];
const EARLY = ["ALARM", "retained", "ALARM", "OK"];
const always = (state: string) => TREATMENTS.map(() => state);

/** The tables of "Configuring how CloudWatch alarms treat missing data". */
const ALL_OF_THREE: [string, string[]][] = [
  ["0 - X - X", always("OK")],
  ["0 - - - -", always("OK")],
  ["- - - - -", NO_DATA],
  ["0 X X - X", always("ALARM")],
  ["- - X - -", EARLY],
];
const TWO_OF_THREE: [string, string[]][] = [
  ["0 - X - X", always("ALARM")],
  ["0 0 X 0 X", always("ALARM")],
  ["0 - X - -", ["OK", "OK", "ALARM", "OK"]],
  ["- - - - 0", ["OK", "OK", "ALARM", "OK"]],
  ["- - - X -", EARLY],
];

describe("the evaluation of an alarm", () => {
  for (const [data, states] of ALL_OF_THREE) {
    it(`of 3 out of 3 datapoints treats ${data} as the user guide's table does`, () => {
      const found = TREATMENTS.map((treatment) => stateFor(data, treatment));

      expect(found).to.deep.equal(states);
    });
  }

  for (const [data, states] of TWO_OF_THREE) {
    it(`of 2 out of 3 datapoints treats ${data} as the user guide's table does`, () => {
      const found = TREATMENTS.map((treatment) => stateFor(data, treatment, 2));

      expect(found).to.deep.equal(states);
    });
  }
});
