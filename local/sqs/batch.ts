import { awsError, isAwsError } from "../core/errors";
import { required } from "./inputs";

const MAX_BATCH_ENTRIES = 10;

/** The entries of a batch: one to ten, with ids of their own. */
export function checkBatch<T extends { Id?: string | undefined }>(entries: T[] | undefined): T[] {
  const given = entries ?? [];
  if (given.length === 0) {
    throw awsError("EmptyBatchRequest", 400, "There should be at least one entry in the request.");
  }
  if (given.length > MAX_BATCH_ENTRIES) {
    throw awsError(
      "TooManyEntriesInBatchRequest",
      400,
      `Maximum number of entries per request are ${MAX_BATCH_ENTRIES}. You have sent ${given.length}.`,
    );
  }
  const ids = given.map(({ Id }) => required(Id, "Id"));
  if (ids.some((id) => !/^[\w-]{1,80}$/.test(id))) {
    throw awsError(
      "InvalidBatchEntryId",
      400,
      "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    );
  }
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw awsError("BatchEntryIdsNotDistinct", 400, `Id ${repeated} repeated.`);
  return given;
}

/** Does something for each entry; an entry that is refused does not keep the others from succeeding. */
export function eachEntry<T extends { Id?: string | undefined }>(entries: T[], run: (entry: T) => object) {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!isAwsError(error)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}
