import { makeEventBus } from "./eventBus";
import { makeVault } from "./s3";

/** The archive as the environment of an archiving function says: where it is, and whose footage it takes. */
export function openArchive() {
  const { ARCHIVE_BUCKET = "", ARCHIVE_PREFIX = "", STACK = "", TAGS = "{}" } = process.env;
  return {
    bucket: ARCHIVE_BUCKET,
    vault: makeVault(ARCHIVE_BUCKET, JSON.parse(TAGS) as Record<string, string>),
    prefix: ARCHIVE_PREFIX,
    stack: STACK,
    announce: makeEventBus(),
  };
}
