import type { Settings } from "../../infra/settings";
import type { Registered } from "../support/program";

/** A program as a rule sees it: all that it registered, and the settings that it was run with. */
export interface Program {
  settings: Settings;
  resources: Registered[];
}

/** One thing that is demanded of resources. */
export interface Rule {
  /** The names that public rule sets have for it, or its own where none has it. */
  ids: string[];
  /** What is demanded, as the end of a sentence that begins with the resource. */
  says: string;
  applies(resource: Registered, program: Program): boolean;
  /** What is wrong with the resource, or undefined. */
  check(resource: Registered, program: Program): string | undefined;
  /** The smallest change of a program that obeys the rule, such that this resource breaks it. */
  violate(resource: Registered, program: Program): void;
}

/** A problem, where there is one: `demand(isVersioned, "keeps no versions")`. */
export const demand = (isMet: unknown, problem: string): string | undefined => (isMet ? undefined : problem);

/** Whether a resource is of one of these types. */
export const isOf =
  (...types: string[]) =>
  ({ type }: Registered): boolean =>
    types.includes(type);

/** The resources of a type. */
export const allOf = ({ resources }: Program, type: string): Registered[] => resources.filter(isOf(type));

/** Whether an input's value names a resource: by its name, ID, ARN or URL. */
export const refersTo = (value: unknown, { name, outputs }: Registered): boolean =>
  typeof value === "string" && [outputs.name, `${name}-id`, outputs.arn, outputs.url].includes(value);

/** The one resource of a type whose input names another, such as the versioning of a bucket. */
export function partOf(
  whole: Registered,
  program: Program,
  type: string,
  input: string,
): Registered | undefined {
  return allOf(program, type).find(({ inputs }) => refersTo(inputs[input], whole));
}

/** Takes a resource out of the program. */
export function remove({ resources }: Program, resource: Registered | undefined): void {
  if (resource) resources.splice(resources.indexOf(resource), 1);
}

/** Whether a customer key was asked for. */
export const hasCustomerKey = ({ settings }: Program): boolean => settings.encryption.key !== "aws-managed";

/** Whether an input's value names the customer key that was asked for. */
export function isCustomerKey(value: unknown, program: Program): boolean {
  const { encryption } = program.settings;
  if (encryption.key === "existing") return value === encryption.arn;
  return allOf(program, "aws:kms/key:Key").some((key) => refersTo(value, key));
}
