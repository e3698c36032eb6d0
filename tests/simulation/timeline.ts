/** Virtual time: nothing passes but from one event to the next. */
export interface Timeline {
  nowMs(): number;
  /** Does something at an instant; of one instant, in the order in which it was asked for. */
  at(atMs: number, task: () => void): void;
  sleep(delayMs: number): Promise<void>;
  /** Lets time pass until then; what an event wakes has run to its next wait before the next event. */
  run(untilMs: number): Promise<void>;
}

interface Event {
  atMs: number;
  order: number;
  task(): void;
}

/** Makes a timeline that begins at `startMs`. */
export function makeTimeline(startMs: number): Timeline {
  const heap: Event[] = [];
  let nowMs = startMs;
  let order = 0;

  const isBefore = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  function push(event: Event): void {
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[index] = heap[above]!;
      index = above;
    }
    heap[index] = event;
  }

  function pop(): Event {
    const first = heap[0]!;
    const moved = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, moved)) break;
      heap[index] = heap[below]!;
      index = below;
    }
    heap[index] = moved;
    return first;
  }

  function at(atMs: number, task: () => void): void {
    order += 1;
    push({ atMs: Math.max(atMs, nowMs), order, task });
  }

  return {
    nowMs: () => nowMs,
    at,
    sleep: (delayMs) => new Promise((resolve) => at(nowMs + delayMs, resolve)),
    async run(untilMs) {
      await settled();
      while (heap[0] && heap[0].atMs <= untilMs) {
        const { atMs, task } = pop();
        nowMs = atMs;
        task();
        await settled();
      }
      nowMs = untilMs;
    },
  };
}

/** Promises that can go on have gone on when the event loop comes round. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
