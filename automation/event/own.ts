import { type KinesisVideoClient, ListTagsForStreamCommand } from "@aws-sdk/client-kinesis-video";
import { currentLife } from "../../archive/lives";
import type { FragmentSource, StreamDescription } from "../../archive/ports";
import { PROJECT } from "./engine";
import { type EventRecord, stackOf } from "./record";
import { otherBase, type StackState } from "./stackState";
import type { Tools } from "./tools";

/** A stream that is an event's own. */
export interface OwnStream {
  source: FragmentSource;
  life: StreamDescription;
}

/** The tags of a stream by its ARN, which is that of one life: asked once of each. None of a stream that is gone. */
export type StreamTags = (streamArn: string) => Promise<Record<string, string>>;

/**
 * Opens a stream by its name where it is the event's. The name alone does not say so: of two events that start at once,
 * `a` with camera `b-c` and `a-b` with camera `c`, one gets the stream `a-b-c`; and another environment may have an event
 * of the same id.
 */
export async function openOwnStream(
  { kinesisVideo, streamTags }: Tools,
  record: EventRecord,
  streamName: string,
): Promise<OwnStream | undefined> {
  const source = kinesisVideo.openStream(streamName);
  const life = await currentLife(source);
  return life && isOwn(await streamTags(life.streamArn), record) ? { source, life } : undefined;
}

/** The state of an event's stack; nothing where there is none, or the one of that name is another environment's. */
export async function ownState({ engine }: Tools, record: EventRecord): Promise<StackState | undefined> {
  const state = await engine.state(stackOf(record).stackName);
  return state && !otherBase(state, record.base) ? state : undefined;
}

/** Whether tags are those that the stack of an event gives to what it makes. */
export const isOwn = (
  { stack, base }: Record<string, string | undefined>,
  record: Pick<EventRecord, "id" | "base">,
): boolean => stack === `${PROJECT}/${stackOf(record).stackName}` && base === record.base;

/** Asks for the tags of streams. */
export function makeStreamTags(control: KinesisVideoClient): StreamTags {
  const known = new Map<string, Record<string, string>>();

  return async (StreamARN) => {
    const there = known.get(StreamARN);
    if (there) return there;
    const tags: Record<string, string> = {};
    let NextToken: string | undefined;
    try {
      do {
        const page = await control.send(new ListTagsForStreamCommand({ StreamARN, NextToken }));
        Object.assign(tags, page.Tags);
        NextToken = page.NextToken;
      } while (NextToken);
    } catch (error) {
      if ((error as Error).name === "ResourceNotFoundException") return {};
      throw error;
    }
    known.set(StreamARN, tags);
    return tags;
  };
}
