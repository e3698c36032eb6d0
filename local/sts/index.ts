import { queryService } from "../core/protocols";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import type { Iam } from "../iam";
import { makeAssumeRole } from "./assumeRole";

/** The Security Token Service on this machine. */
export interface Sts {
  http: HttpService;
  operations: Operations;
  close(): void;
}

/** Makes STS over the roles and sessions of `iam`. */
export function makeSts(
  deps: CloudDeps & { iam: Pick<Iam, "findRole" | "issueCredentials" | "userId"> },
): Sts {
  const operations: Operations = guarded(deps, "sts", {
    AssumeRole: makeAssumeRole(deps),
    // Needs no permission (API page GetCallerIdentity).
    GetCallerIdentity: async (_input, { caller }) => ({
      Arn: caller.arn,
      UserId: deps.iam.userId(caller),
      Account: caller.accountId,
    }),
  });
  return {
    http: queryService({
      signingName: "sts",
      xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
      operations,
    }),
    operations,
    close: () => undefined,
  };
}
