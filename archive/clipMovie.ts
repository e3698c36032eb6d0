import { makeMp4Reader } from "../media/mp4Reader";
import { checkClip } from "./checkClip";
import type { Fragment } from "./fragment";
import { outcomeOf } from "./outcomes";
import type { FragmentSource, ServerTimeRange } from "./ports";

/** Name of the error of a clip that is not what its plan says. */
const NOT_AS_PLANNED = "ClipNotAsPlanned";

/** GetClip's movie of a plan, as it comes, and what it means when it does not. */
export interface ClipMovie {
  /** Asks GetClip. What comes is held against the plan: it fails before it ends where it differs, so is never stored. */
  ask(): Promise<AsyncIterable<Uint8Array>>;
  /** Whether GetClip will never make this movie, as opposed to "not now"; `error` is what storing it failed with. */
  isRefused(error: unknown): boolean;
  /**
   * Whether GetClip failed, and not the bucket, and for what it was asked for: it may be asked, and the stream is there
   * and answers. A 404 says both "no such stream" and "no fragments", of such as are listed too.
   */
  hasFailedAlone(): Promise<boolean>;
}

/** The movie of these fragments, which are all of a range. */
export function clipMovie(source: FragmentSource, fragments: Fragment[], range: ServerTimeRange): ClipMovie {
  let failure: unknown;

  const fail = (error: unknown): never => {
    failure = error;
    throw error;
  };

  async function* failing(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      fail(error);
    }
  }

  async function ask(): Promise<AsyncIterable<Uint8Array>> {
    return checked(failing(await source.clip(range).catch(fail)), fragments);
  }

  async function hasFailedAlone(): Promise<boolean> {
    if (failure === undefined || outcomeOf("GetClip", failure) === "alert") return false;
    await source.list(range);
    return true;
  }

  return { ask, isRefused, hasFailedAlone };
}

function isRefused(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: string };
  return name === NOT_AS_PLANNED || code === "INVALID_MP4" || outcomeOf("GetClip", error) === "fallBack";
}

async function* checked(movie: AsyncIterable<Uint8Array>, fragments: Fragment[]): AsyncGenerator<Uint8Array> {
  const reader = makeMp4Reader();
  for await (const chunk of movie) {
    reader.push(chunk);
    yield chunk;
  }
  const difference = checkClip(fragments, reader.end());
  if (difference) throw Object.assign(new Error(difference), { name: NOT_AS_PLANNED });
}
