import { s3Error } from "./errors";

const MAX_LINE_BYTES = 16 * 1024;
const CRLF = Buffer.from("\r\n");

/**
 * Takes the frames of `Content-Encoding: aws-chunked` off a body (S3 User Guide, "Authenticating requests: transferring
 * payload in multiple chunks"): `HEXSIZE[;chunk-signature=...]CRLF data CRLF`, a chunk of size 0, then trailer lines. Chunk
 * signatures are not checked; the request's own signature is.
 * @param onTrailer is given each trailer line, name in lower case
 * @throws IncompleteBody when the body ends inside a frame, InvalidRequest when it is not framed so
 */
export async function* decodeAwsChunked(
  body: AsyncIterable<Buffer>,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  const source = body[Symbol.asyncIterator]();

  async function more(): Promise<boolean> {
    const next = await source.next();
    if (next.done) return false;
    pending = pending.length === 0 ? next.value : Buffer.concat([pending, next.value]);
    return true;
  }

  async function readLine(): Promise<string | undefined> {
    for (;;) {
      const end = pending.indexOf(CRLF);
      if (end >= 0) {
        const line = pending.toString("latin1", 0, end);
        pending = pending.subarray(end + CRLF.length);
        return line;
      }
      if (pending.length > MAX_LINE_BYTES)
        throw s3Error("InvalidRequest", {}, "The aws-chunked body has a frame header without an end");
      if (!(await more())) return undefined;
    }
  }

  for (;;) {
    const header = await readLine();
    const size = /^([0-9a-fA-F]{1,16})(;.*)?$/.exec(header ?? "")?.[1];
    if (header === undefined) throw s3Error("IncompleteBody");
    if (size === undefined)
      throw s3Error(
        "InvalidRequest",
        {},
        `"${header.slice(0, 40)}" is not the header of an aws-chunked frame`,
      );
    let remaining = Number.parseInt(size, 16);
    if (remaining === 0) break;
    while (remaining > 0) {
      if (pending.length === 0 && !(await more())) throw s3Error("IncompleteBody");
      const data = pending.subarray(0, remaining);
      pending = pending.subarray(data.length);
      remaining -= data.length;
      if (data.length > 0) yield data;
    }
    if ((await readLine()) !== "") throw s3Error("IncompleteBody");
  }
  // The blank line that ends the trailers is left out by some clients when there are none.
  for (let line = await readLine(); line; line = await readLine()) {
    const colon = line.indexOf(":");
    if (colon > 0) onTrailer(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
}
