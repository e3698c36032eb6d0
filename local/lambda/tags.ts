import type { Call } from "../core/service";
import { type FunctionsOf, openFunction } from "./functions";
import { invalid } from "./settings";

/** "Tags per resource" of the Lambda API. */
const MAX_TAGS = 50;

/** Checks tags as TagResource takes them. @throws InvalidParameterValueException */
export function readTags(tags: Record<string, string>): Record<string, string> {
  if (Object.keys(tags).length > MAX_TAGS) throw invalid(`A function has at most ${MAX_TAGS} tags`);
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128 || key.startsWith("aws:") || value.length > 256) {
      throw invalid(`The tag ${key}=${value} is too long or begins with aws:`);
    }
  }
  return tags;
}

/** The operations on a function's tags. `Resource` is its ARN. */
export function makeTagOperations(of: FunctionsOf) {
  const open = (action: string, FunctionName: string | undefined, call: Call) =>
    openFunction(of, action, { FunctionName }, call);
  return {
    async ListTags(input: { Resource?: string }, call: Call) {
      return { Tags: (await open("ListTags", input.Resource, call)).tags };
    },
    async TagResource(input: { Resource?: string; Tags?: Record<string, string> }, call: Call) {
      const found = await open("TagResource", input.Resource, call);
      found.tags = readTags({ ...found.tags, ...input.Tags });
      of.functions.save();
      return undefined;
    },
    async UntagResource(input: { Resource?: string; TagKeys?: string[] }, call: Call) {
      const found = await open("UntagResource", input.Resource, call);
      for (const key of input.TagKeys ?? []) delete found.tags[key];
      of.functions.save();
      return undefined;
    },
  };
}
