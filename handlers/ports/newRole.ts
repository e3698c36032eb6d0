const REFUSALS = ["AccessDenied", "AccessDeniedException", "AuthorizationError"];

/**
 * Calls again for a minute what a role that is seconds old is refused: IAM takes that long to tell every service
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency).
 */
export async function onceAllowed<T>(
  pause: (ms: number) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 12 || !REFUSALS.includes((error as Error).name)) throw error;
      await pause(5_000);
    }
  }
}
