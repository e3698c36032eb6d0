import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

/**
 * An operation's input or output whose body, if it has one, ends in what `end` throws, once `atByte` bytes of it have
 * passed or when it is over. A body is a member that is a stream, or one that has `bytes` (an S3 payload).
 */
export function breakOff<T extends object>(structure: T, atByte: number, end: () => Promise<never>): T {
  const members = Object.entries(structure).map(([name, member]): [string, unknown] => {
    if (member instanceof Readable) return [name, Readable.from(until(member, atByte, end))];
    if (hasBytes(member)) return [name, { ...member, bytes: until(member.bytes, atByte, end) }];
    return [name, member];
  });
  return Object.fromEntries(members) as T;
}

function hasBytes(member: unknown): member is { bytes: AsyncIterable<Uint8Array> } {
  return typeof member === "object" && member !== null && "bytes" in member;
}

async function* until(
  source: AsyncIterable<Uint8Array>,
  atByte: number,
  end: () => Promise<never>,
): AsyncGenerator<Uint8Array, void> {
  let leftBytes = atByte;
  for await (const chunk of source) {
    if (leftBytes > 0) yield chunk.subarray(0, leftBytes);
    leftBytes -= chunk.length;
    // What was handed on is to leave this process before the connection goes.
    await setImmediate();
    if (leftBytes <= 0) await end();
  }
  await end();
}
