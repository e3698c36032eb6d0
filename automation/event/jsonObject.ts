import type { Vault } from "../../archive/ports";
import { readText, textBody } from "../../archive/text";

/** An object of an event's own, as it goes into the bucket. */
export const jsonObject = (key: string, value: object) => ({
  key,
  body: textBody(`${JSON.stringify(value, undefined, 2)}\n`),
  contentType: "application/json",
  metadata: {},
  tags: {},
});

/** The text under a key, and the etag to replace it by; nothing where there is none. */
export async function readObject(
  vault: Vault,
  key: string,
): Promise<{ text: string; etag: string } | undefined> {
  const found = await vault.get(key);
  return found && { text: await readText(found.body), etag: found.etag };
}
