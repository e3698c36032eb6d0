import { archiveMemory } from "./archiveMemory";
import { coldStart } from "./coldStart";
import { eventTimes } from "./eventTimes";
import type { Bench } from "./figures";
import { manyStreams } from "./manyStreams";
import { requestsPerClip } from "./requestsPerClip";

/** Every bench, by the name that the command line has for it. */
export const BENCHES: Record<string, Bench> = {
  memory: archiveMemory,
  requests: requestsPerClip,
  coldStart,
  events: eventTimes,
  streams: manyStreams,
};
