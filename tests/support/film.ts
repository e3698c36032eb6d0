import * as fs from "node:fs";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { Cloud } from "../../local/cloud";
import { runCamera } from "../../producer/camera";
import type { CameraEvent } from "../../producer/cameraEvents";
import { openFootage } from "../../producer/footage";

/** A fragment that the service acknowledged as persisted. */
export type Persisted = Extract<CameraEvent, { kind: "persisted" }>;

/** How long a camera films: once through the file, or round and round, unless it is stopped before. */
export interface FilmOptions {
  loop?: boolean;
  signal?: AbortSignal;
}

/** Sends a file to a stream as a camera would, on the cloud's clock; resolves when all of it is persisted. */
export async function filmInto(
  cloud: Cloud,
  streamName: string,
  file: string,
  { loop, signal }: FilmOptions = {},
): Promise<Persisted[]> {
  const persisted: Persisted[] = [];
  const footage = await openFootage(() => fs.createReadStream(file), { loop });
  const camera = runCamera({
    footage,
    stream: streamName,
    client: new KinesisVideoClient(cloud.clientConfig),
    clock: cloud.clock,
    signal,
    onEvent: (event) => {
      if (event.kind === "persisted") persisted.push(event);
    },
  });
  await camera.done;
  return persisted;
}
