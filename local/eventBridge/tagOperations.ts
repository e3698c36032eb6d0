import { awsError } from "../core/errors";
import { makeTags } from "../core/tagOperations";
import type { Buses } from "./buses";
import { checks, invalid } from "./inputs";
import type { Rules } from "./rules";

const { tagsOf, tagOperations } = makeTags(checks, invalid);

/** Tags as a map, checked. */
export { tagsOf };

/** The operations on the tags of rules and buses. */
export const makeTagOperations = (buses: Buses, rules: Rules) =>
  tagOperations({
    iamPrefix: "events",
    lookUp: (arn) =>
      rules.all().find((rule) => rules.arnOf(rule) === arn) ??
      Object.values(buses.made).find(({ name }) => buses.arnOf(name) === arn),
    absent: (arn) => awsError("ResourceNotFoundException", 400, `There is no rule or event bus ${arn}`),
    save() {
      rules.save();
      buses.save();
    },
  });
