import type { Archive } from "./archivedMedia";
import { type FragmentSelector, type FragmentSelectorInput, readSelector, selects } from "./fragmentSelector";
import type { FragmentRecord } from "./fragmentStore";
import { invalidArgument, optionalInteger, optionalText } from "./input";
import type { StreamReference } from "./streams";

/** What a page holds, and costs, when the caller does not say; the service does not document its own number. */
const DEFAULT_MAX_RESULTS = 100;

/** Input of ListFragments; the selector is not needed with a token. */
export interface ListFragmentsInput extends StreamReference {
  MaxResults?: number;
  NextToken?: string;
  FragmentSelector?: FragmentSelectorInput;
}

/** Where a list goes on; on the wire as base64 of its JSON. */
interface Position {
  streamArn: string;
  selector: FragmentSelector;
  /** The shuffle key of the last fragment handed out. */
  after: string;
}

/**
 * ListFragments (archived media API): the fragments that start in a range, in no order of time, neither within a page
 * nor across pages, as the service warns. Costs MaxResults metadata points.
 */
export async function listFragments(archive: Archive, input: ListFragmentsInput): Promise<object> {
  const maxResults =
    optionalInteger(input.MaxResults, "MaxResults", { min: 1, max: 1000 }) ?? DEFAULT_MAX_RESULTS;
  const token = optionalText(input.NextToken, "NextToken", { maxLength: 4096 });
  const { selector, after } =
    token === undefined ? firstPosition(input.FragmentSelector) : readToken(token, archive.streamArn);
  archive.spend("metadata", maxResults);

  const { lagMs, nowMs } = archive;
  const isListed = ({ fragmentNumber, serverTimestampMs }: FragmentRecord) =>
    !lagMs || serverTimestampMs + lagMs(fragmentNumber) <= nowMs();
  const rest = archive.store
    .fragments()
    .filter((fragment) => selects(selector, fragment) && isListed(fragment) && shuffleKey(fragment) > after)
    .sort((a, b) => (shuffleKey(a) < shuffleKey(b) ? -1 : 1));
  const page = rest.slice(0, maxResults);
  const last = page.at(-1);
  return {
    Fragments: page.map((fragment) => ({
      FragmentNumber: fragment.fragmentNumber,
      FragmentSizeInBytes: fragment.sizeBytes,
      ProducerTimestamp: new Date(fragment.producerTimestampMs),
      ServerTimestamp: new Date(fragment.serverTimestampMs),
      FragmentLengthInMilliseconds: fragment.lengthMs,
    })),
    NextToken:
      last && rest.length > page.length
        ? writeToken({ streamArn: archive.streamArn, selector, after: shuffleKey(last) })
        : undefined,
  };
}

/** The low digits of a fragment number are random: an order that is stable and says nothing of time. */
function shuffleKey({ fragmentNumber }: FragmentRecord): string {
  return fragmentNumber.slice(-20);
}

function firstPosition(input: FragmentSelectorInput | undefined): Omit<Position, "streamArn"> {
  const selector = readSelector(input, "FragmentSelector");
  if (selector.startMs > selector.endMs) {
    throw invalidArgument("StartTimestamp of the FragmentSelector must not be after its EndTimestamp.");
  }
  return { selector, after: "" };
}

const writeToken = (position: Position) => Buffer.from(JSON.stringify(position)).toString("base64");

function readToken(token: string, streamArn: string): Position {
  const refused = invalidArgument("NextToken is not one that ListFragments gave for this stream.");
  let position: Position;
  try {
    position = JSON.parse(Buffer.from(token, "base64").toString("utf8")) as Position;
  } catch {
    throw refused;
  }
  if (position?.streamArn !== streamArn) throw refused;
  return position;
}
