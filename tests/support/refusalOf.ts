/** What a client of the AWS SDK rejects with: the service's error, or the connection's, which has a code. */
type Refusal = Error & { code?: string; $metadata?: { httpStatusCode?: number } };

/**
 * The error that a call is refused with.
 * @throws when the call is answered
 */
export const refusalOf = (call: Promise<unknown>): Promise<Refusal> =>
  call.then(
    () => {
      throw new Error("The call was answered; it should have been refused");
    },
    (error: Refusal) => error,
  );
