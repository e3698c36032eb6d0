/** An error as an AWS service answers it: the code clients switch on, and the HTTP status. */
export interface AwsError extends Error {
  code: string;
  statusCode: number;
  /** More members of the error's structure, as the service's model names them. */
  detail?: Record<string, unknown>;
}

/** Makes an error that the protocol layer turns into the service's own error shape. */
export function awsError(
  code: string,
  statusCode: number,
  message: string,
  detail?: Record<string, unknown>,
): AwsError {
  return Object.assign(new Error(message), { name: code, code, statusCode, detail });
}

/** What a call ends in whose connection broke before its answer: nothing is answered. */
export const connectionCut = (): AwsError => awsError("ECONNRESET", 500, "The connection was cut");

/** Whether nobody is left to be answered. */
export const isConnectionCut = (error: unknown): boolean => isAwsError(error) && error.code === "ECONNRESET";

/** Whether no later try mends an error: the service refused, and neither failed nor throttled. */
export const isFinalRefusal = (error: unknown): boolean =>
  isAwsError(error) && error.statusCode < 500 && !/Throttl|TooManyRequests/.test(error.code);

/** Whether a service meant to answer `error`; anything else is a fault of this program and becomes a 500. */
export function isAwsError(error: unknown): error is AwsError {
  return error instanceof Error && "code" in error && "statusCode" in error;
}
