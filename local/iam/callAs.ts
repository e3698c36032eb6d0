import { randomUUID } from "node:crypto";
import { awsError } from "../core/errors";
import type { CallAs } from "../core/seams";
import type { Caller, CloudDeps } from "../core/service";
import { type Authorizer, contextOfService } from "./authorization";
import { sessionCaller } from "./sessions";

/** Makes calls inside the cloud that are judged by the same policies as calls from outside. */
export function makeCallAs(authorizer: Authorizer, { region, accountId }: CloudDeps): CallAs {
  return (who) => {
    const call = { region, accountId, requestId: randomUUID() };
    if (!("roleArn" in who)) {
      const caller: Caller = { kind: "service", arn: who.servicePrincipal, accountId };
      const context = contextOfService(accountId, who.sourceArn);
      return { ...call, caller, authorize: (...needs) => authorizer.authorize(caller, needs, context) };
    }
    const { roleArn, sessionName, servicePrincipal, sourceArn } = who;
    const caller = sessionCaller(roleArn, sessionName, accountId);
    return {
      ...call,
      caller,
      async authorize(...needs) {
        if (servicePrincipal && !(await authorizer.trusts(roleArn, servicePrincipal, sourceArn))) {
          throw awsError(
            "AccessDeniedException",
            403,
            `User: ${servicePrincipal} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
          );
        }
        await authorizer.authorize(caller, needs);
      },
    };
  };
}
