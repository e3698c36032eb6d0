import { expect } from "chai";
import type { Need } from "../../../local/core/service";
import { judgedCall } from "../../support/judgedCall";
import { ROLE, type ServedLambda, serveLambda } from "./support";

const ARN = "arn:aws:lambda:us-east-1:123456789012:function:archiver";

describe("local Lambda: permissions", () => {
  let cloud: ServedLambda;
  let asked: Need[];
  beforeEach(async () => {
    cloud = await serveLambda();
    asked = [];
  });
  afterEach(() => cloud.close());

  const callThat = (allows: (need: Need) => boolean) => judgedCall({ needs: asked, allows });

  for (const [operation, action, resource] of [
    ["CreateFunction", "lambda:CreateFunction", ARN],
    ["GetFunction", "lambda:GetFunction", ARN],
    ["UpdateFunctionCode", "lambda:UpdateFunctionCode", ARN],
    ["UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration", ARN],
    ["DeleteFunction", "lambda:DeleteFunction", ARN],
    ["ListFunctions", "lambda:ListFunctions", "*"],
    ["Invoke", "lambda:InvokeFunction", ARN],
    ["AddPermission", "lambda:AddPermission", ARN],
    ["PutFunctionConcurrency", "lambda:PutFunctionConcurrency", ARN],
  ] as const) {
    it(`asks for ${action} before ${operation}, also of a function that is not there`, async () => {
      const input = { FunctionName: "archiver", Role: ROLE, Handler: "index.handler", Runtime: "nodejs24.x" };

      const operate = cloud.lambda.operations[operation]?.(
        input as never,
        callThat(() => false),
      );
      const refusal = await operate?.catch((error: Error) => error.message);

      expect(refusal).to.equal("refused");
      expect(asked[0]).to.include({ action, resource });
    });
  }

  it("asks for iam:PassRole on the role of a new function", async () => {
    const input = { FunctionName: "archiver", Role: ROLE, Handler: "index.handler", Runtime: "nodejs24.x" };
    const call = callThat(({ action }) => action !== "iam:PassRole");

    const operate = cloud.lambda.operations.CreateFunction?.(input as never, call);
    const refusal = await operate?.catch((error: Error) => error.message);

    expect(refusal).to.equal("refused");
    expect(asked.at(-1)).to.deep.include({
      action: "iam:PassRole",
      resource: ROLE,
      context: { "iam:PassedToService": "lambda.amazonaws.com" },
    });
  });

  it("hands the function's policy and tags to the decision", async () => {
    await cloud.create("archiver", "exports.handler = async () => 1;", { Tags: { stack: "derby" } });
    await cloud.lambda.operations.AddPermission?.(
      {
        FunctionName: "archiver",
        StatementId: "rule",
        Action: "lambda:InvokeFunction",
        Principal: "events.amazonaws.com",
      } as never,
      callThat(() => true),
    );

    await cloud.lambda.invoke({ functionName: ARN, payload: "{}", call: callThat(() => true) });

    expect(asked.at(-1)).to.containSubset({
      action: "lambda:InvokeFunction",
      resource: ARN,
      context: { "aws:ResourceTag/stack": "derby" },
      resourcePolicy: { Statement: [{ Sid: "rule", Principal: { Service: "events.amazonaws.com" } }] },
    });
  });

  for (const mayWrite of [true, false]) {
    it(`writes a function's log ${mayWrite ? "as its role" : "nowhere when its role may not, and runs it all the same"}`, async () => {
      await cloud.close();
      cloud = await serveLambda({ callAs: () => callThat(() => mayWrite) });
      await cloud.create("archiver", 'exports.handler = async () => console.log("here");');

      const call = callThat(() => true);
      const answer = await cloud.lambda.invoke({ functionName: ARN, payload: "{}", call });

      const actions = asked.map(({ action }) => action);
      expect(answer.functionError).to.equal(undefined);
      expect(actions).to.include("logs:CreateLogStream");
      expect(cloud.logLines.length > 0).to.equal(mayWrite);
    });
  }
});
