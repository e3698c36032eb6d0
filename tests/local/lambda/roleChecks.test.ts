import { Lambda } from "@aws-sdk/client-lambda";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { type Permission, startWholeCloud, type WholeCloud } from "../../support/wholeCloud";
import { archive } from "./support";

const any = (...Action: string[]): Permission => ({ Action, Resource: "*" });
const LAMBDA = { Service: "lambda.amazonaws.com" };

describe("local Lambda: a function's role", () => {
  let cloud: WholeCloud;
  beforeEach(async () => {
    cloud = await startWholeCloud();
  });
  afterEach(() => cloud.close());

  it("must be allowed to attach to the function's network and to write its dead letters", async () => {
    const lambda = new Lambda(cloud.clientConfig);
    const VpcConfig = { SubnetIds: ["subnet-0a"], SecurityGroupIds: ["sg-0b"] };
    const queue = "arn:aws:sqs:us-east-1:123456789012:dead-letters";
    const actions = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"];
    const allowed = await cloud.makeRole(LAMBDA, any(...actions.map((name) => `ec2:${name}`)));
    const stranger = await cloud.makeRole(LAMBDA);
    const Code = { ZipFile: archive({ "index.js": "exports.handler = async () => 1" }) };
    const create = (Role: string, more: object) =>
      lambda.createFunction({
        ...{ FunctionName: "archive", Role, Handler: "index.handler", Runtime: "nodejs24.x", Code, ...more },
      });

    const unattached = await refusalOf(create(stranger, { VpcConfig }));
    const unsent = await refusalOf(create(allowed, { DeadLetterConfig: { TargetArn: queue } }));
    const created = await create(allowed, { VpcConfig });

    expect(unattached.message).to.match(/does not have permissions to call CreateNetworkInterface on EC2/);
    expect(unsent.message).to.match(/does not have permissions to call SendMessage on SQS/);
    expect(created.VpcConfig).to.deep.include(VpcConfig);
  });
});
