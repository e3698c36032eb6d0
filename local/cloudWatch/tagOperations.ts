import { awsError } from "../core/errors";
import { makeTags } from "../core/tagOperations";
import type { AlarmStore } from "./alarmStore";
import { checks, invalidValue } from "./inputs";

const { tagsOf, tagOperations } = makeTags(checks, invalidValue);

/** Tags as a map, checked. */
export { tagsOf };

/** The operations on the tags of alarms, the only resources here that have any. */
export const makeTagOperations = ({ alarms, arnOf, save }: AlarmStore) =>
  tagOperations({
    iamPrefix: "cloudwatch",
    lookUp: (arn) =>
      Object.values(alarms).find(({ configuration }) => arnOf(configuration.AlarmName) === arn),
    absent: (arn) =>
      awsError("ResourceNotFoundException", 404, `There is no alarm ${arn}`, {
        ResourceType: "alarm",
        ResourceId: arn,
      }),
    save,
  });
