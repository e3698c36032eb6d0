import { awsError } from "../core/errors";
import type { Call, CloudDeps, Operation } from "../core/service";
import type { FragmentStore } from "./fragmentStore";
import type { FragmentStores } from "./fragmentStores";
import type { StreamMetric } from "./metrics";
import { makePointBudgets, type PointKind, type SpendPoints } from "./quotas";
import type { AskStreamKey, KeyErrorCode } from "./streamKey";
import type { StreamRecord, StreamReference, Streams } from "./streams";

/** What a read of archived media works with. */
export interface Archive {
  streamArn: string;
  store: FragmentStore;
  nowMs(): number;
  /** How long after a fragment began a list shows it, where it lags. */
  lagMs?: Call["lagMs"];
  /** Why the caller may not decrypt with the stream's key, if so. */
  askKey(): Promise<KeyErrorCode | undefined>;
  spend: SpendPoints;
  metric(name: string, value: number, unit: "Count" | "Bytes"): void;
}

/** Makes an operation of the archived-media API out of its own part. */
export type ArchivedMedia = <Input extends StreamReference>(
  name: "ListFragments" | "GetClip" | "GetMediaForFragmentList",
  read: (archive: Archive, input: Input) => Promise<object>,
) => Operation;

/** What all reads of archived media have in common: the stream, its retention, its point budgets, their metrics. */
export function makeArchivedMedia(
  { clock }: CloudDeps,
  streams: Streams,
  stores: FragmentStores,
  metric: StreamMetric,
  askKey: AskStreamKey,
): ArchivedMedia {
  const budgets = new WeakMap<StreamRecord, SpendPoints>();
  const consumed: Record<PointKind, string> = { metadata: "Metadata", media: "Media" };

  function budgetOf(stream: StreamRecord): SpendPoints {
    const spend = budgets.get(stream) ?? makePointBudgets(clock);
    budgets.set(stream, spend);
    return spend;
  }

  return (name, read) => async (input: StreamReference, call: Call) => {
    const stream = await streams.open(input, call, name);
    const publish = (suffix: string, value: number, unit: "Count" | "Bytes") =>
      metric(stream.name, `${name}.${suffix}`, value, unit);
    publish("Requests", 1, "Count");
    try {
      if (stream.retentionHours === 0) {
        throw awsError("NoDataRetentionException", 400, `The stream ${stream.name} does not retain data.`);
      }
      await stores.expire(stream);
      const output = await read(
        {
          streamArn: streams.arn(stream),
          store: stores.of(stream),
          nowMs: clock.nowMs,
          lagMs: call.lagMs,
          askKey: () => askKey(stream, "Decrypt", call),
          spend(kind, points) {
            budgetOf(stream)(kind, points);
            metric(stream.name, `ArchivedFragmentsConsumed.${consumed[kind]}`, points, "Count");
          },
          metric: publish,
        },
        input as never,
      );
      publish("Success", 1, "Count");
      return output;
    } catch (error) {
      publish("Success", 0, "Count");
      throw error;
    }
  };
}
