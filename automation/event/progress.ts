import type { EngineListener } from "./components";
import { durationText } from "./duration";

/** Where progress goes: a terminal that is refreshed in place, plain lines, or JSON lines. */
export interface Progress {
  /** One line that stays. */
  say(text: string, fields?: Record<string, unknown>): void;
  /** What goes on now; a terminal shows it in place of the one before, elsewhere it is told when it changes. */
  show(text: string, fields?: Record<string, unknown>): void;
  /** Counts the engine's resources of what a person calls this step. */
  engine(step: string): EngineListener;
  end(): void;
}

/** How what a command does is watched and interrupted. */
export interface Run {
  progress: Progress;
  signal?: AbortSignal;
}

/** A stream that is written to, such as standard error or output. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/**
 * Progress of one event's command. Each line begins with the time since the command began.
 * @param out standard error, so that standard output is the answer
 */
export function makeProgress(out: Output, { isJson, label }: { isJson: boolean; label: string }): Progress {
  const startMs = performance.now();
  const isInPlace = !isJson && out.isTTY === true;
  let shown = "";

  const elapsed = () => durationText(performance.now() - startMs);
  const clear = () => {
    if (isInPlace && shown) out.write("\r\x1b[2K");
    shown = "";
  };
  const line = (text: string) => `${elapsed().padStart(6)}  ${label}  ${text}`;

  function say(text: string, fields: Record<string, unknown> = {}): void {
    clear();
    const elapsedMs = Math.round(performance.now() - startMs);
    out.write(
      isJson ? `${JSON.stringify({ elapsedMs, event: label, text, ...fields })}\n` : `${line(text)}\n`,
    );
  }

  function show(text: string, fields?: Record<string, unknown>): void {
    if (text === shown) return;
    if (isInPlace) {
      out.write(`\r\x1b[2K${line(text).slice(0, (out.columns ?? 80) - 1)}`);
    } else say(text, fields);
    shown = text;
  }

  function engine(step: string): EngineListener {
    const components = new Map<string, { done: Set<string>; planned: number }>();
    const of = (component: string) => {
      const counts = components.get(component) ?? { done: new Set<string>(), planned: 0 };
      components.set(component, counts);
      return counts;
    };
    const total = (count: (one: { done: Set<string>; planned: number }) => number) =>
      [...components.values()].reduce((sum, one) => sum + count(one), 0);
    return {
      planned: ({ component }) => {
        of(component).planned += 1;
      },
      done({ component, urn }) {
        const counts = of(component);
        counts.done.add(urn);
        const [done, planned] = [total((one) => one.done.size), total((one) => one.planned)];
        const isWhole = counts.done.size === counts.planned;
        if (!isInPlace && !isWhole) return;
        const ofComponent = `${component} ${counts.done.size} of ${counts.planned}`;
        show(`${step}: ${done} of ${planned} resources, ${ofComponent}`, { step, done, planned, component });
      },
    };
  }

  return { say, show, engine, end: clear };
}
