import type { Judgement } from "../../local/iam/authorization";

/** What IAM judged in this run's clouds: each caller, permission and resource once. */
const judged = new Map<string, Judgement>();

/** For `startCloud`: keeps what the deployed program asked IAM for, in any test file of this run. */
export function recordJudgement(judgement: Judgement): void {
  const { caller, need, isAllowed } = judgement;
  judged.set([caller.roleArn ?? caller.arn, need.action, need.resource, isAllowed].join(" "), judgement);
}

/** What was recorded up to now. */
export const recordedJudgements = (): Judgement[] => [...judged.values()];
