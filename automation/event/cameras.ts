import { failure } from "./failure";

/** Cameras of one event at most: each is a stream, and all of them start within seconds. */
export const MAX_CAMERAS = 100;

/** A label is part of the stream's name. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/**
 * The cameras' labels, out of a count or a list: `camera-01` to `camera-12`, or as they are written.
 * @throws a failure that says what is wrong with them
 */
export function cameraLabels({ cameras, streams }: { cameras?: string; streams?: string }): string[] {
  if (cameras !== undefined && streams !== undefined)
    throw failure("usage", "[--cameras] and [--streams] say the same thing; write one of them");
  if (streams !== undefined) return listed(streams);
  const count = /^\d+$/.test(cameras ?? "1") ? Number(cameras ?? "1") : 0;
  if (count < 1 || count > MAX_CAMERAS)
    throw failure("usage", `[--cameras] is ${cameras}; write a whole number from 1 to ${MAX_CAMERAS}`);
  const width = Math.max(2, String(count).length);
  return Array.from({ length: count }, (_, index) => `camera-${String(index + 1).padStart(width, "0")}`);
}

function listed(text: string): string[] {
  const labels = text.split(",").map((label) => label.trim());
  const illegal = labels.find((label) => !LABEL.test(label));
  if (illegal !== undefined)
    throw failure(
      "usage",
      `[--streams] has "${illegal}"; write names of small letters, digits and dashes, such as start,finish`,
    );
  const twice = labels.find((label, index) => labels.indexOf(label) < index);
  if (twice) throw failure("usage", `[--streams] has ${twice} twice; give each camera a name of its own`);
  if (labels.length > MAX_CAMERAS)
    throw failure("usage", `[--streams] has ${labels.length} cameras; write at most ${MAX_CAMERAS}`);
  return labels;
}

/** The name of a camera's stream: unique in the account, as long as one event of that name runs. */
export const streamNameOf = (eventName: string, label: string): string => `${eventName}-${label}`;

/** So many cameras, for people. */
export const camerasText = (count: number): string => (count === 1 ? "1 camera" : `${count} cameras`);
