import * as pulumi from "@pulumi/pulumi";

/** From so many on, traces are most of the time of a program; with fewer, an error's trace is worth more. */
const MANY = 100;

/**
 * Makes many resources without the stack traces that Pulumi's SDK takes of each and of every property of each, and that
 * ts-node maps to the source frame by frame. The SDK goes on taking them until the last one is registered, so until then
 * nothing has a trace; what throws in `make` has none either.
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
