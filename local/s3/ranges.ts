import { s3Error } from "./errors";
import type { ObjectVersion } from "./objectStore";

/** Part of an object's bytes, from `start` up to and not including `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * Reads a `Range` header. What is not one range of bytes is ignored, as S3 does with more than one (GetObject, "Range").
 * @throws InvalidRange when no byte of the object lies in it
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (start >= end) throw s3Error("InvalidRange", { RangeRequested: header, ActualObjectSize: sizeBytes });
  return { start, end };
}

/**
 * The bytes of one part of an object, nothing if it has none; an object that was put whole is its own first part.
 * @throws InvalidPartNumber
 */
export function partRange({ object }: ObjectVersion, partNumber: number): ByteRange | undefined {
  const parts = object.parts ?? [{ partNumber: 1, sizeBytes: object.sizeBytes }];
  let start = 0;
  for (const [index, part] of parts.entries()) {
    const end = start + part.sizeBytes;
    // S3 counts the parts of a finished object from 1, whatever numbers they were uploaded under.
    if (index + 1 === partNumber) return start < end ? { start, end } : undefined;
    start = end;
  }
  throw s3Error("InvalidPartNumber", { PartNumberRequested: partNumber, ActualPartCount: parts.length });
}
