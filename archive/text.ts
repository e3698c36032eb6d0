/** A text as the body of an object. */
export async function* textBody(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** The text of an object's body. */
export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}
