import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Route, restJsonService } from "../core/protocols";
import type { PublishToTopic, PutMetric, UseKey } from "../core/seams";
import { type Call, type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeArchivedMedia } from "./archivedMedia";
import { makeControlOperations } from "./control";
import { makeFragmentStores } from "./fragmentStores";
import { getClip } from "./getClip";
import { getMediaForFragmentList } from "./getMediaForFragmentList";
import { listFragments } from "./listFragments";
import { makeStreamMetric } from "./metrics";
import { makeNotificationOperations, makeNotify } from "./notifications";
import { makePutMedia, putMediaInput } from "./putMedia";
import { makeAskStreamKey } from "./streamKey";
import { makeStreams } from "./streams";
import { makeTagOperations } from "./tags";

/** Kinesis Video Streams. */
export interface KinesisVideo {
  http: HttpService;
  /** All but PutMedia, which is a conversation. GetClip and GetMediaForFragmentList answer a Readable as Payload. */
  operations: Operations;
  /** Ends the PutMedia connections, with what they received stored, and the timers. */
  close(): Promise<void>;
}

const PUT_MEDIA = "/putMedia";
const MEDIA_ANSWERS = ["GetClip", "GetMediaForFragmentList"];
/** The operations whose path is not their name with a small first letter (service model of kinesisvideo). */
const CAPITALIZED_PATHS = ["TagResource", "UntagResource", "ListTagsForResource"];

/**
 * Kinesis Video Streams as its clients see it: control plane, PutMedia and archived media on one endpoint. Streams are
 * in `kinesisVideo.json` of the data folder, their media under `kinesisVideo/`.
 */
export function makeKinesisVideo(
  deps: CloudDeps & { putMetric: PutMetric; useKey: UseKey; publishToTopic: PublishToTopic },
): KinesisVideo {
  const streams = makeStreams(deps);
  const stores = makeFragmentStores(deps, streams);
  const metric = makeStreamMetric(deps, deps.putMetric);
  const askKey = makeAskStreamKey(deps.useKey);
  const notify = makeNotify(deps, streams, deps.publishToTopic);
  const putMedia = makePutMedia(deps, streams, stores, metric, { askKey, notify });
  const archived = makeArchivedMedia(deps, streams, stores, metric, askKey);

  const operations: Operations = guarded(deps, "kinesisvideo", {
    ...makeControlOperations(deps, streams, {
      retentionChanged: stores.expire,
      async streamDeleted(stream) {
        await putMedia.endConnection(stream, "STREAM_NOT_ACTIVE");
        stores.remove(stream);
      },
    }),
    ...makeNotificationOperations(deps, streams),
    ...makeTagOperations(streams),
    ListFragments: archived("ListFragments", listFragments),
    GetClip: archived("GetClip", getClip),
    GetMediaForFragmentList: archived("GetMediaForFragmentList", getMediaForFragmentList),
  });
  const { PutMedia } = guarded(deps, "kinesisvideo", { PutMedia: putMedia.serve });

  return {
    http: restJsonService({
      signingName: "kinesisvideo",
      routes: Object.entries(operations).map(
        ([name, operation]): Route => ({
          method: "POST",
          path: `/${CAPITALIZED_PATHS.includes(name) ? name : name[0]?.toLowerCase() + name.slice(1)}`,
          operation,
          answer: MEDIA_ANSWERS.includes(name) ? answerMedia : undefined,
        }),
      ),
      streams: ({ method, path }) => method === "POST" && path === PUT_MEDIA,
      async handleRaw(request, response, call) {
        if (request.method !== "POST" || request.path !== PUT_MEDIA) return false;
        await PutMedia(putMediaInput(request, response), call);
        return true;
      },
    }),
    operations,
    async close() {
      await putMedia.close();
      stores.close();
    },
  };
}

async function answerMedia(output: object, response: ServerResponse, call: Call): Promise<void> {
  const { ContentType, Payload } = output as { ContentType: string; Payload: Readable };
  response.writeHead(200, { "content-type": ContentType, "x-amzn-requestid": call.requestId });
  await pipeline(Payload, response);
}
