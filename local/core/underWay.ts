/** Work that goes on whether or not anyone waits for it. */
export interface UnderWay {
  /** Counts some work among it until it ends, well or not; answers the same. */
  add<T>(work: Promise<T>): Promise<T>;
  /** Resolves when none is left, also of what is added meanwhile. */
  none(): Promise<void>;
}

/** Begins to count. */
export function makeUnderWay(): UnderWay {
  const works = new Set<Promise<unknown>>();
  return {
    add(work) {
      const ended = work.catch(() => undefined).finally(() => works.delete(ended));
      works.add(ended);
      return work;
    },
    async none() {
      while (works.size > 0) await Promise.all(works);
    },
  };
}
