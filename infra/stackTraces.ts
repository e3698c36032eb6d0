import * as pulumi from "@pulumi/pulumi";

/** From so many on, even taking the traces is most of the time of a program; with fewer, an error's trace is worth more. */
const MANY = 100;

/**
 * From now on an error that says nothing has no stack trace. Pulumi's SDK makes some sixty of those for each resource, to
 * know where the resource and its properties come from, and ts-node would map every one to the source, frame by frame: a
 * fifth of the time of a program with few streams.
 */
export function mapNoTracesOfEmptyErrors(): void {
  const { prepareStackTrace } = Error;
  // Without ts-node there is nothing to map.
  if (!prepareStackTrace || prepareStackTrace === mapped) return;
  map = prepareStackTrace;
  Error.prepareStackTrace = mapped;
}

let map: NonNullable<typeof Error.prepareStackTrace>;
const mapped: typeof map = (error, frames) => (error.message === "" ? String(error) : map(error, frames));

/**
 * Makes many resources without the stack traces that Pulumi's SDK takes of each and of every property of each. The SDK goes
 * on taking them until the last one is registered, so until then nothing has a trace; what throws in `make` has none
 * either.
 * @param isMade the URNs of what each of `make` registers last
 */
export function withoutStackTraces<T>(make: () => T[], isMade: (one: T) => pulumi.Output<string>): T[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  const restore = () => Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  // The limit spares taking the frames; the SDK raises it for a resource's own place, so they are not written out either.
  Object.assign(Error, { stackTraceLimit: 0, prepareStackTrace: String });
  let made: T[] = [];
  try {
    made = make();
    return made;
  } finally {
    if (made.length < MANY) restore();
    else pulumi.all(made.map(isMade)).apply(restore);
  }
}
