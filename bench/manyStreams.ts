import * as path from "node:path";
import { type Cost, inCleanProcess } from "../tests/support/cleanProcess";
import type { Bench } from "./figures";

/** The figure: a program of this many streams, under mocks, on two cores. */
const STREAMS = 1000;
const MAX_SECONDS = 10;

/**
 * How much longer a stream may take among many than among few, as more memory takes longer to tidy; and the whole than the
 * SDK alone for as many resources, which refer to nothing and have no functions to serialize.
 */
const MAX_GROWTH = 1.5;
const MAX_SLOWDOWN = 1.5;

/** Evaluates the program of `args.streams` streams under mocks. */
const EVALUATE = `
  require("ts-node/register/transpile-only");
  const { runProgram } = require(args.program);
  const config = (count) => ({
    "lastframe:streams": JSON.stringify(Array.from({ length: count }, (_, index) => ({ name: "camera-" + index }))),
  });
  measure(() => runProgram(config(args.streams)).then(({ resources }) => resources.length));`;

/** Registers as many resources by Pulumi's SDK alone, without its stack traces: what no program can be faster than. */
const REGISTER = `
  Object.assign(Error, { stackTraceLimit: 0, prepareStackTrace: String });
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

/** A program of 1,000 streams under mocks, beside Pulumi's SDK alone, and whether it grows in proportion. */
export const manyStreams: Bench = {
  title: `A program of ${STREAMS} streams`,
  how: "Evaluated under Pulumi's mocks in a process of its own, beside as many bare alarms registered by Pulumi's SDK alone, both without the SDK's stack traces. Time of all cores does not depend on what else the machine does.",
  async measure() {
    const program = path.join(__dirname, "..", "tests", "support", "program");
    const evaluate = (streams: number) => inCleanProcess(EVALUATE, { program, streams }, {});
    const one = await evaluate(1);
    const tenth = await evaluate(STREAMS / 10);
    const all = await evaluate(STREAMS);
    const reference = await inCleanProcess(REGISTER, { resources: all.answer }, {});

    const perStream = (cost: Cost, streams: number) => (cost.cpuMs - one.cpuMs) / (streams - 1);
    return [
      { what: "resources", found: all.answer as number },
      { what: "time, s", found: all.durationMs / 1000, limit: MAX_SECONDS },
      { what: "time of all cores, s", found: all.cpuMs / 1000 },
      { what: "time of all cores of the SDK alone, s", found: reference.cpuMs / 1000 },
      { what: "ratio", found: all.cpuMs / reference.cpuMs, limit: MAX_SLOWDOWN },
      {
        what: `time of a stream among ${STREAMS}, by that of one among ${STREAMS / 10}`,
        found: perStream(all, STREAMS) / perStream(tenth, STREAMS / 10),
        limit: MAX_GROWTH,
      },
      { what: "peak memory, MB", found: all.peakMb },
    ];
  },
};
