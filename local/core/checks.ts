import type { AwsError } from "./errors";

/** Checks of an operation's input that answer the service's own error, in the words that AWS uses. */
export interface Checks {
  /** The member's value, which must be there and, if a string, not empty. */
  required<T>(value: T | undefined | null, member: string): T;
  /** A number from `minimum` to `maximum`, given as a number or (Query protocol) as text; `undefined` passes. */
  range(value: unknown, member: string, minimum: number, maximum: number): number | undefined;
  /** One of the values of an enum; `undefined` passes. */
  oneOf<T extends string>(value: unknown, member: string, values: readonly T[]): T | undefined;
  /** A whole string that matches the member's pattern; `undefined` passes. */
  pattern(value: string | undefined, member: string, pattern: RegExp): string | undefined;
  /** Refuses members that the service has and this cloud does not: to ignore them would change what happens. */
  unsupported(input: object, members: readonly string[]): void;
}

/** Makes the checks of a service from how it words a refusal. */
export function makeChecks(refuse: (message: string) => AwsError): Checks {
  const constraint = (value: unknown, member: string, rule: string) =>
    refuse(
      `1 validation error detected: Value ${value === undefined || value === null ? "null" : `'${value}'`} ` +
        `at '${member}' failed to satisfy constraint: Member must ${rule}`,
    );
  return {
    required(value, member) {
      if (value === undefined || value === null) throw constraint(value, member, "not be null");
      if (value === "") throw constraint(value, member, "have length greater than or equal to 1");
      return value;
    },
    range(value, member, minimum, maximum) {
      if (value === undefined || value === null) return undefined;
      const number = Number(value);
      if (!(number >= minimum)) {
        throw constraint(value, member, `have value greater than or equal to ${minimum}`);
      }
      if (number > maximum) throw constraint(value, member, `have value less than or equal to ${maximum}`);
      return number;
    },
    oneOf(value, member, values) {
      if (value === undefined || value === null) return undefined;
      const found = values.find((one) => one === value);
      if (found === undefined) {
        throw constraint(value, member, `satisfy enum value set: [${values.join(", ")}]`);
      }
      return found;
    },
    pattern(value, member, pattern) {
      if (value === undefined || value === null) return undefined;
      if (pattern.exec(value)?.[0] !== value) {
        throw constraint(value, member, `satisfy regular expression pattern: ${pattern.source}`);
      }
      return value;
    },
    unsupported(input, members) {
      const given = Object.entries(input).filter(
        ([member, value]) => members.includes(member) && value !== undefined && value !== null,
      );
      for (const [member] of given) throw refuse(`${member} is not supported by the local cloud`);
    },
  };
}
