import * as fs from "node:fs";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { Cloud } from "../../local/cloud";
import { type CameraOptions, runCamera } from "../../producer/camera";
import type { CameraEvent } from "../../producer/cameraEvents";
import { openFootage } from "../../producer/footage";
import { type Padding, padFootage } from "./padFootage";
import { recordFrames } from "./recordFrames";

/** A fragment that the service acknowledged as persisted. */
export type Persisted = Extract<CameraEvent, { kind: "persisted" }>;

/** How a camera films: once through the file, or round and round, unless it is stopped before. */
export interface FilmOptions {
  loop?: boolean;
  signal?: AbortSignal;
  fragmentTags?: CameraOptions["fragmentTags"];
  /** A camera of a higher bit rate. */
  padding?: Padding;
  /** Told at the end of every coded frame that was persisted: kind, time on the camera's clock, MD5 of its bytes. */
  onFilmed?(frames: string[]): void;
}

/** Sends a file to a stream as a camera would, on the cloud's clock; resolves when all of it is persisted. */
export async function filmInto(
  cloud: Cloud,
  streamName: string,
  file: string,
  { loop, signal, fragmentTags, padding, onFilmed }: FilmOptions = {},
): Promise<Persisted[]> {
  const persisted: Persisted[] = [];
  const source = await openFootage(() => fs.createReadStream(file), { loop });
  const recorded = recordFrames(padding ? padFootage(source, padding) : source);
  const camera = runCamera({
    footage: recorded.footage,
    stream: streamName,
    client: new KinesisVideoClient(cloud.clientConfig),
    clock: cloud.clock,
    signal,
    ...(fragmentTags ? { fragmentTags } : {}),
    onEvent: (event) => {
      if (event.kind === "persisted") persisted.push(event);
    },
  });
  await camera.done;
  onFilmed?.(recorded.of(persisted));
  return persisted;
}
