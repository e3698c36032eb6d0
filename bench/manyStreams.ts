import * as path from "node:path";
import { type Cost, inCleanProcess } from "./cleanProcess";

/** The figure: a program of this many streams, under mocks, on two cores. */
const STREAMS = 1000;
const MAX_SECONDS = 10;

/** How much longer a stream may take among many than among few, and the whole than the SDK alone for as many resources. */
const MAX_GROWTH = 1.25;
const MAX_SLOWDOWN = 1.1;

/** Evaluates the program of `args.streams` streams under mocks. */
const EVALUATE = `
  require("ts-node/register/transpile-only");
  const { runProgram } = require(args.program);
  const config = (count) => ({
    "lastframe:streams": JSON.stringify(Array.from({ length: count }, (_, index) => ({ name: "camera-" + index }))),
  });
  measure(() => runProgram(config(args.streams)).then(({ resources }) => resources.length));`;

/** Registers as many resources by Pulumi's SDK alone: what no program can be faster than. */
const REGISTER = `
  const pulumi = require("@pulumi/pulumi");
  const newResource = ({ name, inputs }) => ({ id: name, state: inputs });
  const call = () => ({});
  measure(async () => {
    await pulumi.runtime.setMocks({ newResource, call }, "bench", "bench", false);
    const { MetricAlarm } = require("@pulumi/aws").cloudwatch;
    for (let index = 0; index < args.resources; index += 1) {
      new MetricAlarm("alarm-" + index, {
        name: "alarm-" + index,
        metricName: "PutMedia.IncomingFragments",
        namespace: "AWS/KinesisVideo",
        comparisonOperator: "GreaterThanThreshold",
        evaluationPeriods: 1,
        tags: { stack: "bench", stream: "camera-" + index },
      });
    }
    await pulumi.runtime.disconnect();
    return args.resources;
  });`;

/** `npm run bench:streams`: what evaluating a program of 1,000 streams takes, beside the SDK alone, and how it grows. */
async function main(): Promise<boolean> {
  const program = path.join(__dirname, "..", "tests", "support", "program");
  const evaluate = (streams: number) => inCleanProcess(EVALUATE, { program, streams }, {});
  const one = await evaluate(1);
  const tenth = await evaluate(STREAMS / 10);
  const all = await evaluate(STREAMS);
  const reference = await inCleanProcess(REGISTER, { resources: all.answer }, {});

  const row = (what: string, { durationMs, cpuMs, peakMb }: Cost) =>
    console.log(
      `${what.padEnd(28)}${seconds(durationMs)} s${seconds(cpuMs)} s of a core${peakMb.toFixed(0).padStart(8)} MB`,
    );
  row("1 stream", one);
  row(`${STREAMS / 10} streams`, tenth);
  row(`${STREAMS} streams`, all);
  row(`${all.answer} alarms, by the SDK alone`, reference);
  const perStream = (cost: Cost, streams: number) => (cost.cpuMs - one.cpuMs) / (streams - 1);
  const growth = perStream(all, STREAMS) / perStream(tenth, STREAMS / 10);
  console.log(
    `\na stream among ${STREAMS} takes ${growth.toFixed(2)} times as long as one among ${STREAMS / 10}`,
  );
  const failures = [
    ...(all.durationMs > MAX_SECONDS * 1000 ? [`more than ${MAX_SECONDS} s`] : []),
    ...(growth > MAX_GROWTH ? ["out of proportion"] : []),
    ...(all.cpuMs > reference.cpuMs * MAX_SLOWDOWN ? ["slower than the SDK alone"] : []),
  ];
  console.log(
    failures.length === 0 ? "within its figures" : `NOT within its figures: ${failures.join("; ")}`,
  );
  return failures.length === 0;
}

const seconds = (ms: number) => (ms / 1000).toFixed(1).padStart(8);

main().then(
  (isWithin) => process.exit(isWithin ? 0 : 1),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
