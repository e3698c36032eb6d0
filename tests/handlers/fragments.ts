import type { Fragment } from "../../archive/fragment";

/** When the first fragment of a test's stream began. */
export const T0 = Date.UTC(2026, 10, 22, 14, 0, 0);

/** Fragments of ten seconds, from T0 unless told. */
export const fragments = (count: number, fromMs = T0): Fragment[] =>
  Array.from({ length: count }, (_, index) => ({
    fragmentNumber: String(1000 + (fromMs - T0) / 1000 + index),
    serverMs: fromMs + index * 10_000,
    producerMs: fromMs + index * 10_000,
    durationMs: 10_000,
    sizeBytes: 1000,
  }));
