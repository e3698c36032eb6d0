import type { BaseEnvironment } from "./baseEnvironment";
import type { EventRecord } from "./record";

/**
 * The user as which a camera's phone signs in, in the user pool of the base environment. It belongs to the event's stack,
 * and has the event's id in its name, so it is nobody else's.
 */
export const userNameOf = ({ id }: Pick<EventRecord, "id">, camera: string): string => `${id}-${camera}`;

/** The user pool in which phones sign in to an environment; nothing where they do not. */
export function userPoolOf({ signIn }: BaseEnvironment): string | undefined {
  if (signIn === undefined) return undefined;
  const app = JSON.parse(signIn) as { CognitoUserPool: { Default: { PoolId: string } } };
  return app.CognitoUserPool.Default.PoolId;
}
