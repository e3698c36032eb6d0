import type {
  PutEventsRequest,
  PutEventsRequestEntry,
  TestEventPatternRequest,
} from "@aws-sdk/client-eventbridge";
import type { CloudDeps, Need, Operation } from "../core/service";
import { type Buses, busName } from "./buses";
import { type BusEvent, makeEvent } from "./event";
import { checks, invalid } from "./inputs";
import { readPattern } from "./pattern";
import type { Rules } from "./rules";

/** "PutEvents entry size", EventBridge user guide: the total of a request. */
const MAX_REQUEST_BYTES = 1024 * 1024;

/** The members that TestEventPattern wants an event to have. */
const ENVELOPE = ["id", "account", "source", "time", "region", "resources", "detail-type"] as const;

/** An entry as JSON carries it: its time in epoch seconds. */
type WireEntry = Omit<PutEventsRequestEntry, "Time"> & { Time?: number };

/** The operations on events. */
export function makeEventOperations({ clock, region, accountId }: CloudDeps, buses: Buses, rules: Rules) {
  const put = (entry: WireEntry) => {
    const problem = problemOf(entry);
    if (problem) return problem;
    const { Source, DetailType, Detail, Resources, Time } = entry as Required<WireEntry>;
    const event = makeEvent(
      {
        source: Source,
        detailType: DetailType,
        detail: JSON.parse(Detail) as object,
        resources: Resources ?? [],
        timeMs: Time === undefined ? clock.nowMs() : Time * 1000,
      },
      { accountId, region },
    );
    rules.route(event, busName(entry.EventBusName));
    return { EventId: event.id };
  };

  const operations = {
    async PutEvents(input: PutEventsRequest, call) {
      const entries = checks.required(input.Entries, "entries") as WireEntry[];
      await call.authorize(
        ...entries.map(({ Source = "", DetailType = "", EventBusName }) =>
          putNeed(buses.arnOf(busName(EventBusName)), Source, DetailType),
        ),
      );
      checks.unsupported(input, ["EndpointId"]);
      checks.range(entries.length, "entries.length", 1, 10);
      for (const { EventBusName } of entries) buses.find(busName(EventBusName));
      if (Buffer.byteLength(JSON.stringify(entries)) > MAX_REQUEST_BYTES) {
        throw invalid(
          `Total size of the entries in the request is over the limit of ${MAX_REQUEST_BYTES} bytes.`,
        );
      }
      const results = entries.map(put);
      return { FailedEntryCount: results.filter((result) => "ErrorCode" in result).length, Entries: results };
    },

    async TestEventPattern(input: TestEventPatternRequest, call) {
      await call.authorize({ action: "events:TestEventPattern", resource: "*" });
      const matches = readPattern(checks.required(input.EventPattern, "eventPattern"));
      const event = readObject(checks.required(input.Event, "event")) as Partial<BusEvent> | undefined;
      if (!event) throw invalid("Parameter Event is not valid: it must be a JSON object.");
      const missing = ENVELOPE.find((member) => event[member] === undefined);
      if (missing) throw invalid(`Parameter Event is not valid: it has no ${missing}.`);
      return { Result: matches(event) };
    },
  } satisfies Record<string, Operation>;
  return operations;
}

/** What it takes to put an event on a bus. */
export const putNeed = (busArn: string, source: string, detailType: string): Need => ({
  action: "events:PutEvents",
  resource: busArn,
  context: { "events:source": source, "events:detail-type": detailType },
});

/** Why an entry cannot be an event: each entry of PutEvents fails or succeeds on its own. */
function problemOf(entry: WireEntry): { ErrorCode: string; ErrorMessage: string } | undefined {
  const missing = (["Source", "DetailType", "Detail"] as const).find((member) => !entry[member]);
  if (missing) {
    return {
      ErrorCode: "InvalidArgument",
      ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
    };
  }
  if (entry.Source?.startsWith("aws.")) {
    return {
      ErrorCode: "NotAuthorizedForSourceException",
      ErrorMessage: `Not authorized for the source ${entry.Source}: sources that begin with aws. are those of AWS services.`,
    };
  }
  if (!readObject(entry.Detail as string)) {
    return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed: it must be a JSON object." };
  }
  return undefined;
}

/** The JSON object that a text holds; nothing if it holds anything else. */
function readObject(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
