import { parentPort } from "node:worker_threads";
import { playSeed } from "./playSeed";

const port = parentPort;
if (!port) throw new Error("tests/simulation/worker.ts is a thread of the campaign; run npm run simulate");

port.on("message", (seed: number) => {
  playSeed(seed).then(
    (result) => port.postMessage(result),
    (error: Error) => {
      throw error;
    },
  );
});
