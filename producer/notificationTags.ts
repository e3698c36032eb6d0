import type { Tag } from "../media/matroska";
import type { Fragment } from "./fragments";

/**
 * The tag at which Kinesis Video Streams tells the stream's topic that a fragment is persisted; its value is empty
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/notifications.html).
 */
const NOTIFICATION: Tag = { name: "AWS_KINESISVIDEO_NOTIFICATION", value: "" };

const BETWEEN_MS = 60_000;

/**
 * For `fragmentTags` of a camera: tags the first fragment and then one a minute. Once would do to start a recording, and
 * not to start another after a pause; every fragment would be paid for and say nothing new.
 */
export function makeNotificationTags(): (fragment: Fragment) => Tag[] {
  // A fragment that is sent again has the tags that it had.
  const tagged = new WeakSet<Fragment>();
  let lastMs = Number.NEGATIVE_INFINITY;
  return (fragment) => {
    if (fragment.startMs - lastMs >= BETWEEN_MS) {
      lastMs = fragment.startMs;
      tagged.add(fragment);
    }
    return tagged.has(fragment) ? [NOTIFICATION] : [];
  };
}
