import * as fs from "node:fs";
import * as path from "node:path";
import { KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type { Cloud } from "../local/cloud";
import { type Camera, runCamera } from "../producer/camera";
import { openFootage } from "../producer/footage";
import type { AcknowledgedFragment } from "./comparison";
import type { Tell } from "./story";

/** A camera of the demo, and every fragment that the service acknowledged to it. */
export interface DemoCamera {
  streamName: string;
  acknowledged: AcknowledgedFragment[];
  /** Finishes the fragment at hand and waits until all is persisted. */
  stop(): Promise<void>;
  /** Takes the power away in the middle of a fragment. */
  cutOff(): Promise<void>;
}

/** Starts a camera that sends a file of `demo/footage` round and round, on the cloud's clock. */
export async function startCamera(
  cloud: Cloud,
  streamName: string,
  file: string,
  tell: Tell,
): Promise<DemoCamera> {
  const source = path.join(__dirname, "footage", file);
  const footage = await openFootage(() => fs.createReadStream(source), { loop: true });
  const acknowledged: AcknowledgedFragment[] = [];
  const power = new AbortController();
  const camera: Camera = runCamera({
    footage,
    stream: streamName,
    client: new KinesisVideoClient(cloud.clientConfig),
    clock: cloud.clock,
    signal: power.signal,
    onEvent(event) {
      if (event.kind === "persisted") acknowledged.push(event);
      if (event.kind === "connected") tell(streamName, `camera: sending ${file}`);
      if (event.kind === "skipped" || event.kind === "reconnecting")
        tell(streamName, `camera: ${event.reason}`);
    },
  });
  return {
    streamName,
    acknowledged,
    async stop() {
      power.abort();
      const { persistedFragments } = await camera.done;
      tell(streamName, `camera: off, all of its ${persistedFragments} fragments acknowledged`);
    },
    async cutOff() {
      power.abort();
      camera.cutOff();
      const { unconfirmedFragments } = await camera.done;
      tell(
        streamName,
        `camera: CUT OFF in mid-fragment; ${unconfirmedFragments} not acknowledged, and so not promised`,
      );
    },
  };
}
