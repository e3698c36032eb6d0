/**
 * One acknowledgement of PutMedia (API page "PutMedia", response): how far the service has come with a fragment.
 * - `BUFFERING`: it saw the fragment's first byte; `RECEIVED`: all of it
 * - `PERSISTED`: the fragment is stored, and only now may a producer forget it
 * - `ERROR`: the service refuses the fragment or the connection, for the reason of `errorId`
 * - `IDLE`: the connection is open and no data comes
 */
export interface Ack {
  eventType: (typeof eventTypes)[number];
  /** The Timecode of the fragment's Cluster as it was sent. */
  fragmentTimecodeMs?: number;
  /** Decimal, too long for a JavaScript number. */
  fragmentNumber?: string;
  /** Set in every `ERROR`; `ackErrors` has their names. */
  errorId?: number;
  /** The service's own name of `errorId`, for example `INVALID_MKV_DATA`. */
  errorCode?: string;
}

/** Takes PutMedia's response as it comes in. */
export interface AckReader {
  /** Takes the next text of the response, however it was cut. */
  push(text: string): void;
  /** The response has ended. */
  end(): void;
}

const eventTypes = ["BUFFERING", "RECEIVED", "PERSISTED", "ERROR", "IDLE"] as const;

/** Longest acknowledgement the service sends (SDK limit "ack segment"), in characters. */
const MAX_ACK_LENGTH = 1024;

/**
 * Reads PutMedia's response, a row of JSON objects with or without line breaks between them, and calls `onAck`
 * for each. `push` and `end` throw at anything else; acknowledgements ahead of that place were reported.
 */
export function makeAckReader(onAck: (ack: Ack) => void): AckReader {
  let text = "";
  let depth = 0;
  let inString = false;
  let escaped = false;

  function take(character: string): void {
    if (depth === 0 && character !== "{") {
      if (/\s/.test(character)) return;
      throw unreadable(character, "expected the { of an acknowledgement");
    }
    text += character;
    if (text.length > MAX_ACK_LENGTH) throw unreadable(text, `longer than ${MAX_ACK_LENGTH} characters`);
    if (inString) {
      if (escaped) escaped = false;
      else if (character === "\\") escaped = true;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    if (depth > 0) return;
    const complete = text;
    text = "";
    onAck(parseAck(complete));
  }

  return {
    push(chunk) {
      for (const character of chunk) take(character);
    },
    end() {
      if (depth > 0) throw unreadable(text, "the response ended in the middle of it");
    },
  };
}

function parseAck(text: string): Ack {
  const fields = parseFields(text);
  const eventType = eventTypes.find((known) => known === fields.EventType);
  if (!eventType) throw unreadable(text, `EventType is none of ${eventTypes.join(", ")}`);
  const ack: Ack = { eventType };
  const timecodeMs = wholeNumber(text, fields, "FragmentTimecode");
  if (timecodeMs !== undefined) ack.fragmentTimecodeMs = timecodeMs;
  if (typeof fields.FragmentNumber === "string") ack.fragmentNumber = fields.FragmentNumber;
  const errorId = wholeNumber(text, fields, "ErrorId");
  if (errorId !== undefined) ack.errorId = errorId;
  if (typeof fields.ErrorCode === "string") ack.errorCode = fields.ErrorCode;
  if (eventType === "ERROR" && errorId === undefined) throw unreadable(text, "an ERROR without ErrorId");
  return ack;
}

/** The members of the object; the API page shows them inside an `Acknowledgement`, the wire does not. */
function parseFields(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    // A fragment number may come without quotes, and JSON.parse would round it.
    value = JSON.parse(text.replace(/("FragmentNumber"\s*:\s*)(\d+)/, '$1"$2"'));
  } catch (cause) {
    throw unreadable(text, cause instanceof Error ? cause.message : String(cause));
  }
  const fields = value as Record<string, unknown>;
  const inner = fields.Acknowledgement;
  return typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : fields;
}

/** A member that is written as a number or as a string of digits. */
function wholeNumber(text: string, fields: Record<string, unknown>, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) {
    throw unreadable(text, `${name} is not a whole number`);
  }
  return number;
}

function unreadable(text: string, why: string): Error {
  return new Error(`PutMedia's response is not a list of acknowledgements: ${why}, at ${preview(text)}.`);
}

function preview(text: string): string {
  return JSON.stringify(text.length > 80 ? text.slice(0, 80) + "…" : text);
}
