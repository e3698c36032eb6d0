import * as path from "node:path";
import { nearestNames } from "../nearestNames";
import { cameraLabels } from "./cameras";
import { parseDuration } from "./duration";
import { checkName, fromId } from "./eventName";
import { failure } from "./failure";
import type { StartRequest } from "./start";

const MINUTE_MS = 60_000;
const SHORTEST_TTL_MS = 10 * MINUTE_MS;
const LONGEST_TTL_MS = 14 * 24 * 60 * MINUTE_MS;

/** The options of `start`, as they are written. */
export interface StartOptions {
  cameras?: string;
  streams?: string;
  ttl: string;
  clip: string;
  out?: string;
  newPasswords?: string;
}

/**
 * What is asked for with a name and the options of `start`.
 * @throws a failure that names the option and says what to write
 */
export function readStart(name: string, options: StartOptions): StartRequest {
  const cameras = cameraLabels(options);
  const { clip, out } = options;
  const clipSeconds = Number(clip);
  if (!/^\d+$/.test(clip) || clipSeconds < 10 || clipSeconds > 900)
    throw failure("usage", `[--clip] is ${clip}; write a whole number of seconds from 10 to 900`);
  return {
    name: checkName(name),
    cameras,
    ttlMs: readTtl(options.ttl),
    clipSeconds,
    outFolder: (id) => path.resolve(out ?? fromId(id).stack),
    newPasswords: readNewPasswords(options.newPasswords, cameras),
  };
}

/** Of which cameras the phones get another password: some of the event's. */
function readNewPasswords(text: string | undefined, cameras: string[]): string[] {
  const labels = text?.split(",").map((label) => label.trim()) ?? [];
  const stranger = labels.find((label) => !cameras.includes(label));
  if (stranger === undefined) return labels;
  const nearest = nearestNames(stranger, cameras).join(", ");
  throw failure("usage", `[--new-passwords] there is no camera "${stranger}"; the nearest names: ${nearest}`);
}

/**
 * How long an event may last.
 * @throws a failure that says what to write
 */
export function readTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= SHORTEST_TTL_MS && ms <= LONGEST_TTL_MS) return ms;
  throw failure("usage", `[--ttl] is ${text}; write a time from 10m to 14d, such as 90m, 6h or 2d`);
}
