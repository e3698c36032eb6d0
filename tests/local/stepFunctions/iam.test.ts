import { expect } from "chai";
import type { Need } from "../../../local/core/service";
import { judgedCall } from "../../support/judgedCall";
import { type ServedStepFunctions, serveStepFunctions } from "./support";

const MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";
const EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:machine:gate-1";

describe("local Step Functions: permissions", () => {
  let cloud: ServedStepFunctions;
  beforeEach(async () => {
    cloud = await serveStepFunctions();
  });
  afterEach(() => cloud.close());

  for (const [operation, input, resource] of [
    ["CreateStateMachine", { name: "machine" }, MACHINE],
    ["UpdateStateMachine", { stateMachineArn: MACHINE }, MACHINE],
    ["DescribeStateMachine", { stateMachineArn: MACHINE }, MACHINE],
    ["DeleteStateMachine", { stateMachineArn: MACHINE }, MACHINE],
    ["ListStateMachines", {}, "*"],
    ["StartExecution", { stateMachineArn: MACHINE, name: "gate-1" }, MACHINE],
    ["ListExecutions", { stateMachineArn: MACHINE }, MACHINE],
    ["StopExecution", { executionArn: EXECUTION }, EXECUTION],
    ["DescribeExecution", { executionArn: EXECUTION }, EXECUTION],
    ["GetExecutionHistory", { executionArn: EXECUTION }, EXECUTION],
    ["TagResource", { resourceArn: MACHINE }, MACHINE],
  ] as const) {
    it(`asks for states:${operation} on ${resource.split(":").slice(5).join(":") || "everything"}`, async () => {
      const asked: Need[] = [];
      const call = judgedCall({ needs: asked, allows: () => false });

      const refusal = await cloud.stepFunctions.operations[operation]?.(input as never, call).catch(
        (error: Error) => error.message,
      );

      expect(refusal).to.equal("refused");
      expect(asked[0]).to.include({ action: `states:${operation}`, resource });
    });
  }
});
