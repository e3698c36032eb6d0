import { awsError } from "../../local/core/errors";
import type { Call, Caller, Need } from "../../local/core/service";
import { OWNER } from "./localService";

/** A call made inside the cloud, as `allows` judges what it asks for; all that it asks for is noted in `needs`. */
export function judgedCall({
  caller = OWNER,
  needs = [],
  allows = () => true,
}: {
  caller?: Caller;
  needs?: Need[];
  allows?: (need: Need) => boolean;
} = {}): Call {
  return {
    caller,
    region: "us-east-1",
    accountId: OWNER.accountId,
    requestId: "in-process",
    async authorize(...asked) {
      needs.push(...asked);
      if (!asked.every(allows)) throw awsError("AccessDeniedException", 403, "refused");
    },
  };
}
