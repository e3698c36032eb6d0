import { nearestNames } from "../nearestNames";
import { fromId, means } from "./eventName";
import { failure } from "./failure";
import { type EventRecord, isAlive, nameOf } from "./record";
import type { Tools } from "./tools";

/**
 * The event that a person means by its name or id: the one that has not ended, or the only one of that name.
 * @throws a failure with the nearest names where there is none, and with the ids where there are several
 */
export async function findEvent({ records, baseName }: Tools, written: string): Promise<EventRecord> {
  const all = await records.all();
  const meant = all.filter(({ id }) => means(written, fromId(id)));
  const alive = meant.filter(isAlive);
  const [only, ...others] = alive.length > 0 ? alive : meant;
  if (only && others.length === 0) return only;
  if (only)
    throw failure(
      "usage",
      `[NAME] ${written} is ambiguous: there are ${meant.map(({ id }) => id).join(", ")}; write one of these`,
    );
  const names = [...new Set(all.map(nameOf))];
  const known =
    names.length > 0
      ? `the nearest names: ${nearestNames(written, names).join(", ")}`
      : `${baseName} has had none; look at --base`;
  throw failure("usage", `[NAME] there is no event ${written}; ${known}`);
}

/** What goes on with an event that is not settled. */
const resumeCommand = (record: Pick<EventRecord, "id">): string => `lastframe event resume ${nameOf(record)}`;

/** How to go on with an event that is not settled. */
export const resumable = (record: Pick<EventRecord, "id">): string =>
  `\`${resumeCommand(record)}\` goes on from there`;

/** Does something that can be gone on with; when it fails, its error says by what command. */
export async function resumably<Result>(
  record: Pick<EventRecord, "id">,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw Object.assign(error as Error, { resume: resumeCommand(record) });
  }
}
