/**
 * Makes many resources without the stack traces that Pulumi's SDK takes of each and of every property of each, and that
 * ts-node maps to the source frame by frame: in a program of 1,000 streams they are most of its time. An error that is
 * thrown in here has no trace either.
 */
export function withoutStackTraces<T>(make: () => T): T {
  const { stackTraceLimit, prepareStackTrace } = Error;
  // The limit spares taking the frames; the SDK raises it for a resource's own place, so they are not written out either.
  Error.stackTraceLimit = 0;
  Error.prepareStackTrace = String;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepareStackTrace;
  }
}
