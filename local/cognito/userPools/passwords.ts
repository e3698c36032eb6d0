import { awsError } from "../../core/errors";
import type { User, UserPool } from "./pools";
import { isPassword, makeVerifier } from "./srp";

const DAY_MS = 86_400_000;
const DEFAULT_TEMPORARY_DAYS = 7;

/** What the policy of a new pool asks ("Adding user pool password requirements", developer guide). */
const DEFAULT_POLICY = {
  MinimumLength: 8,
  RequireLowercase: true,
  RequireUppercase: true,
  RequireNumbers: true,
  RequireSymbols: true,
};

/** A pool's password policy. */
export const passwordPolicyOf = ({ settings }: UserPool) => ({
  TemporaryPasswordValidityDays: DEFAULT_TEMPORARY_DAYS,
  ...(settings.Policies?.PasswordPolicy ?? DEFAULT_POLICY),
});

/** @throws InvalidPasswordException for a password that the pool's policy does not take */
export function checkPassword(pool: UserPool, password: string): void {
  const policy = passwordPolicyOf(pool);
  const refuse = (reason: string) =>
    awsError("InvalidPasswordException", 400, `Password did not conform with policy: ${reason}`);
  if (password.length < (policy.MinimumLength ?? 6)) throw refuse("Password not long enough");
  const rules: [boolean | undefined, RegExp, string][] = [
    [policy.RequireLowercase, /[a-z]/, "lowercase"],
    [policy.RequireUppercase, /[A-Z]/, "uppercase"],
    [policy.RequireNumbers, /\d/, "numeric"],
    [policy.RequireSymbols, /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+\- ]/, "symbol"],
  ];
  for (const [isRequired, pattern, kind] of rules) {
    if (isRequired && !pattern.test(password)) throw refuse(`Password must have ${kind} characters`);
  }
}

/** Gives a user a password; a temporary one must be changed at the first sign-in, within the policy's days. */
export function setPassword(
  pool: UserPool,
  user: User,
  password: string,
  { permanent, nowMs }: { permanent: boolean; nowMs: number },
): void {
  checkPassword(pool, password);
  user.password = makeVerifier({ poolId: pool.id, username: user.username }, password);
  user.status = permanent ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD";
  const { TemporaryPasswordValidityDays: days = DEFAULT_TEMPORARY_DAYS } = passwordPolicyOf(pool);
  if (permanent) delete user.passwordExpiresMs;
  else user.passwordExpiresMs = nowMs + days * DAY_MS;
}

/** Whether this is the user's password. */
export const hasPassword = (pool: UserPool, user: User, password: string): boolean =>
  user.password !== undefined &&
  isPassword({ poolId: pool.id, username: user.username }, password, user.password);
