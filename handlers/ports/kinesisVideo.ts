import { setTimeout } from "node:timers/promises";
import {
  DescribeStreamCommand,
  GetDataEndpointCommand,
  KinesisVideoClient,
  TagStreamCommand,
  UntagStreamCommand,
  UpdateDataRetentionCommand,
} from "@aws-sdk/client-kinesis-video";
import {
  GetClipCommand,
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { Fragment } from "../../archive/fragment";
import { outcomeOf } from "../../archive/outcomes";
import type { FragmentSource, Listing, ServerTimeRange, StreamDescription } from "../../archive/ports";

/** The commands that are called at an endpoint of their own, by the name that GetDataEndpoint has for them. */
const COMMANDS = {
  LIST_FRAGMENTS: "ListFragments",
  GET_CLIP: "GetClip",
  GET_MEDIA_FOR_FRAGMENT_LIST: "GetMediaForFragmentList",
} as const;

/** Calls of one data API, throttled ones included, before its caller is told. */
const MAX_TRIES = 6;

/** Kinesis Video Streams as this account sees it. */
export interface KinesisVideo {
  /** A stream by name, as it is described when it is first asked: one round's source, not one to keep. */
  openStream(streamName: string): FragmentSource;
  /** As of when this life of a stream is no more; nothing while it is there. */
  deletedAsOf(streamArn: string): Promise<number | undefined>;
  /**
   * Marks a stream with the tag `closed`, or takes the mark away. The policy of devices admits no stream that has it, so
   * none of them connects any more; a connection that is open stays.
   */
  setClosed(streamArn: string, isClosed: boolean): Promise<void>;
  /** Has a stream keep its media this long. A shorter time than before deletes at once what is older. */
  setRetention(streamArn: string, retentionHours: number): Promise<void>;
}

/** Makes the port. It is kept for the life of the sandbox: clients and endpoints are reused. */
export function makeKinesisVideo(): KinesisVideo {
  const control = new KinesisVideoClient({});
  const dataClients: Record<string, KinesisVideoArchivedMediaClient> = {};

  async function deletedAsOf(streamArn: string): Promise<number | undefined> {
    try {
      await control.send(new DescribeStreamCommand({ StreamARN: streamArn }));
      return undefined;
    } catch (error) {
      if (outcomeOf("DescribeStream", error) === "absent") return Date.now();
      throw error;
    }
  }

  async function setClosed(StreamARN: string, isClosed: boolean): Promise<void> {
    if (isClosed) await control.send(new TagStreamCommand({ StreamARN, Tags: { closed: "true" } }));
    else await control.send(new UntagStreamCommand({ StreamARN, TagKeyList: ["closed"] }));
  }

  async function setRetention(StreamARN: string, retentionHours: number): Promise<void> {
    const { StreamInfo: info } = await control.send(new DescribeStreamCommand({ StreamARN }));
    // The service is told by how much; its version keeps that from being done twice.
    const moreHours = retentionHours - (info?.DataRetentionInHours ?? 0);
    if (moreHours === 0) return;
    await control.send(
      new UpdateDataRetentionCommand({
        StreamARN,
        CurrentVersion: info?.Version,
        Operation: moreHours > 0 ? "INCREASE_DATA_RETENTION" : "DECREASE_DATA_RETENTION",
        DataRetentionChangeInHours: Math.abs(moreHours),
      }),
    );
  }

  function openStream(streamName: string): FragmentSource {
    let described: StreamDescription | undefined;

    async function describe(): Promise<StreamDescription> {
      if (described) return described;
      const { StreamInfo: info } = await control.send(new DescribeStreamCommand({ StreamName: streamName }));
      if (!info?.StreamARN || !info.CreationTime)
        throw new Error(`DescribeStream of ${streamName} came back incomplete`);
      described = {
        streamName,
        streamArn: info.StreamARN,
        createdMs: info.CreationTime.getTime(),
        retentionHours: info.DataRetentionInHours ?? 0,
      };
      return described;
    }

    /** Calls one data API at its own endpoint, by the ARN of this life of the stream. */
    async function atEndpoint<T>(
      api: keyof typeof COMMANDS,
      call: (client: KinesisVideoArchivedMediaClient, streamArn: string) => Promise<T>,
    ): Promise<T> {
      const { streamArn } = await describe();
      const slot = `${api} ${streamArn}`;
      if (!dataClients[slot]) {
        const { DataEndpoint } = await control.send(
          new GetDataEndpointCommand({ StreamARN: streamArn, APIName: api }),
        );
        dataClients[slot] = new KinesisVideoArchivedMediaClient({ endpoint: DataEndpoint });
      }
      for (let tries = 1; ; tries += 1) {
        try {
          return await call(dataClients[slot], streamArn);
        } catch (error) {
          if (outcomeOf(COMMANDS[api], error) !== "again" || tries === MAX_TRIES) {
            // An endpoint may be cached as long as it works; the caller's retry asks for it anew (GetDataEndpoint API page).
            delete dataClients[slot];
            throw error;
          }
        }
        // Points of a stream's quota come back within a second; readers that wait alike would collide again.
        await setTimeout(tries * (500 + Math.random() * 500));
      }
    }

    async function list(
      { fromMs, toMs }: ServerTimeRange,
      most = Number.POSITIVE_INFINITY,
    ): Promise<Listing> {
      const fragments: Fragment[] = [];
      let nextToken: string | undefined;
      do {
        const page = await atEndpoint("LIST_FRAGMENTS", (client, StreamARN) =>
          client.send(
            new ListFragmentsCommand({
              StreamARN,
              MaxResults: 1000,
              NextToken: nextToken,
              FragmentSelector: {
                FragmentSelectorType: "SERVER_TIMESTAMP",
                TimestampRange: { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(toMs) },
              },
            }),
          ),
        );
        for (const item of page.Fragments ?? []) {
          if (!item.FragmentNumber || !item.ServerTimestamp || !item.ProducerTimestamp) {
            throw new Error(`ListFragments of ${streamName} returned a fragment without number or times`);
          }
          fragments.push({
            fragmentNumber: item.FragmentNumber,
            serverMs: item.ServerTimestamp.getTime(),
            producerMs: item.ProducerTimestamp.getTime(),
            durationMs: item.FragmentLengthInMilliseconds ?? 0,
            sizeBytes: item.FragmentSizeInBytes ?? 0,
          });
        }
        nextToken = page.NextToken;
      } while (nextToken && fragments.length < most);
      // A call may be hours old when it is answered. On a cloud whose time runs faster than the machine's, its own counts.
      const listing = { fragments, answeredMs: Math.max(toMs, Date.now()) };
      return nextToken ? { ...listing, isCut: true } : listing;
    }

    async function clip({ fromMs, toMs }: ServerTimeRange): Promise<AsyncIterable<Uint8Array>> {
      const { Payload } = await atEndpoint("GET_CLIP", (client, StreamARN) =>
        client.send(
          new GetClipCommand({
            StreamARN,
            ClipFragmentSelector: {
              FragmentSelectorType: "SERVER_TIMESTAMP",
              TimestampRange: { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(toMs) },
            },
          }),
        ),
      );
      if (!Payload) throw new Error(`GetClip of ${streamName} returned no body`);
      return released(Payload as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>);
    }

    async function media(fragmentNumbers: string[]): Promise<AsyncIterable<Uint8Array>> {
      const { Payload } = await atEndpoint("GET_MEDIA_FOR_FRAGMENT_LIST", (client, StreamARN) =>
        client.send(new GetMediaForFragmentListCommand({ StreamARN, Fragments: fragmentNumbers })),
      );
      if (!Payload) throw new Error(`GetMediaForFragmentList of ${streamName} returned no body`);
      return Payload as unknown as AsyncIterable<Uint8Array>;
    }

    return { describe, list, clip, media };
  }

  return { openStream, deletedAsOf, setClosed, setRetention };
}

/**
 * Passes a body on, and gives the memory of every chunk back when the next one is asked for. The garbage collector does
 * not see what lies outside of its heap: it would let more than half of a clip pile up.
 */
async function* released(body: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    yield chunk;
    // A chunk that shares its memory is not ours to free.
    if (chunk.byteLength === chunk.buffer.byteLength) chunk.buffer.transfer(0);
  }
}
