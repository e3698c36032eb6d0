import { MINUTE_MS } from "./books";
import { type Fragment, inOrderOfIngestion } from "./fragment";
import { readFragmentMedia } from "./fragmentMedia";
import { listStretch } from "./listStretch";
import type { FragmentSource } from "./ports";

/**
 * Asks whether footage newer than these fragments can be read at the moment. Then what fails of them fails for itself, and
 * keeps what is behind it from being archived. Where nothing newer is listed, nothing waits for them.
 */
export function newerAreRead(
  { source, nowMs }: { source: FragmentSource; nowMs: number },
  fragments: Fragment[],
): () => Promise<boolean> {
  const newestMs = fragments.reduce((most, { serverMs }) => Math.max(most, serverMs), 0);
  let witness: Fragment | undefined;

  return async () => {
    witness ??= await oneBehind();
    if (!witness) return false;
    try {
      const { media } = await readFragmentMedia(await source.media([witness.fragmentNumber]));
      return media.length > 0;
    } catch (error) {
      console.warn(`fragment ${witness.fragmentNumber}, which is newer, cannot be read either: ${error}`);
      return false;
    }
  };

  /** Neither the next, which may suffer from the same, nor the newest, which may not be readable yet. */
  async function oneBehind(): Promise<Fragment | undefined> {
    if (newestMs >= nowMs) return undefined;
    const { fragments: newer } = await listStretch(source, { fromMs: newestMs + 1, toMs: nowMs }, MINUTE_MS);
    return inOrderOfIngestion(newer)[newer.length >> 1];
  }
}
