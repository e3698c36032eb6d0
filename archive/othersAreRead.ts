import { MINUTE_MS } from "./books";
import type { OthersAreRead } from "./fetchFragments";
import { type Fragment, inOrderOfIngestion } from "./fragment";
import { readFragmentMedia } from "./fragmentMedia";
import { listStretch } from "./listStretch";
import type { FragmentSource } from "./ports";

/**
 * Asks whether footage newer than these fragments can be read at the moment, or else one of them that was read before.
 * Then what fails of them fails for itself, and keeps others from being archived.
 */
export function makeOthersAreRead(
  { source, nowMs }: { source: FragmentSource; nowMs: number },
  fragments: Fragment[],
): OthersAreRead {
  const newestMs = fragments.reduce((most, { serverMs }) => Math.max(most, serverMs), 0);
  let newer: { number?: string } | undefined;

  return async (heldNumber) => {
    newer ??= { number: (await oneBehind())?.fragmentNumber };
    const witness = newer.number ?? heldNumber;
    if (witness === undefined) return undefined;
    try {
      const { media } = await readFragmentMedia(await source.media([witness]));
      return media.length > 0;
    } catch (error) {
      console.warn(`fragment ${witness} cannot be read either: ${error}`);
      return false;
    }
  };

  /** Neither the next, which may suffer from the same, nor the newest, which may not be readable yet. */
  async function oneBehind(): Promise<Fragment | undefined> {
    if (newestMs >= nowMs) return undefined;
    const listed = await listStretch(source, { fromMs: newestMs + 1, toMs: nowMs }, MINUTE_MS);
    return inOrderOfIngestion(listed.fragments)[listed.fragments.length >> 1];
  }
}
