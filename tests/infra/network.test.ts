import { expect } from "chai";
import { type DeployedProgram, runProgram, twoCameras } from "../support/program";

const functionsOf = ({ resources }: DeployedProgram) =>
  resources.filter(({ type }) => type === "aws:lambda/function:Function");

const endpointsOf = ({ resources }: DeployedProgram) =>
  resources
    .filter(({ type }) => type === "aws:ec2/vpcEndpoint:VpcEndpoint")
    .map(({ inputs }) => `${inputs.vpcEndpointType} ${inputs.serviceName.split(".").at(-1)}`)
    .sort();

const statementsOf = (program: DeployedProgram, role: string) =>
  JSON.parse(program.resource("aws:iam/rolePolicy:RolePolicy", role).inputs.policy).Statement as {
    Effect: string;
    Action: string | string[];
    Condition?: object;
  }[];

describe("the network", () => {
  it("is none unless asked: functions in no VPC, whose roles know nothing of one", async () => {
    const program = await runProgram(twoCameras());

    const roles = program.resources.filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy");
    expect(functionsOf(program).filter(({ inputs }) => inputs.vpcConfig)).to.deep.equal([]);
    expect(roles.filter(({ inputs }) => inputs.policy.includes("ec2:"))).to.deep.equal([]);
    expect(program.resources.some(({ type }) => /ec2/.test(type))).to.equal(false);
  });

  it("puts every function into existing subnets, and makes nothing there", async () => {
    const program = await runProgram(
      twoCameras({
        "lastframe:network": "existing",
        "lastframe:subnetIds": '["subnet-0a1b2c3d","subnet-1a1b2c3d"]',
        "lastframe:securityGroupIds": '["sg-0a1b2c3d"]',
      }),
    );

    for (const { name, inputs } of functionsOf(program)) {
      expect(inputs.vpcConfig, name).to.deep.equal({
        subnetIds: ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
        securityGroupIds: ["sg-0a1b2c3d"],
      });
    }
    expect(program.resources.some(({ type }) => /ec2/.test(type))).to.equal(false);
  });

  it("lets Lambda make a function's network interfaces, and not the function's own code", async () => {
    const program = await runProgram(
      twoCameras({
        "lastframe:network": "existing",
        "lastframe:subnetIds": '["subnet-0a1b2c3d"]',
        "lastframe:securityGroupIds": '["sg-0a1b2c3d"]',
      }),
    );

    for (const { name } of functionsOf(program)) {
      const [allow, deny, ...others] = statementsOf(program, name).filter(({ Action }) =>
        [Action].flat().some((action) => action.startsWith("ec2:")),
      );
      expect(allow?.Effect, name).to.equal("Allow");
      expect(allow?.Action, name).to.include("ec2:CreateNetworkInterface");
      expect(deny, name).to.deep.include({
        Effect: "Deny",
        Action: allow?.Action,
        Condition: { Null: { "lambda:SourceFunctionArn": "false" } },
      });
      expect(others, name).to.deep.equal([]);
    }
  });

  it("makes a new VPC of two zones that reaches the services by endpoints, and the internet not at all", async () => {
    const program = await runProgram(
      twoCameras({ "lastframe:network": "new", "lastframe:vpcCidr": "10.7.0.0/20" }),
    );

    const vpc = program.resource("awsx:ec2:Vpc").inputs;
    const [functions] = functionsOf(program);
    const groups = program.resources.filter(({ type }) => type === "aws:ec2/securityGroup:SecurityGroup");
    expect(vpc).to.deep.include({
      cidrBlock: "10.7.0.0/20",
      numberOfAvailabilityZones: 2,
      natGateways: { strategy: "None" },
      subnetSpecs: [{ type: "Isolated" }],
    });
    expect(endpointsOf(program)).to.deep.equal(
      ["events", "kinesisvideo", "lambda", "logs", "monitoring", "states"]
        .map((service) => `Interface ${service}`)
        .concat("Gateway s3")
        .sort(),
    );
    for (const { inputs } of program.resources.filter(({ inputs: i }) => i.vpcEndpointType === "Interface")) {
      expect(inputs.privateDnsEnabled, inputs.serviceName).to.equal(true);
    }
    expect(functions?.inputs.vpcConfig.subnetIds).to.deep.equal(["subnet-0a", "subnet-0b"]);
    const open = groups.flatMap(({ inputs }) => [...(inputs.egress ?? []), ...(inputs.ingress ?? [])]);
    expect(JSON.stringify(open)).not.to.contain("0.0.0.0/0");
  });

  it("has a NAT gateway only when asked, in the place of the endpoint that the Region lacks", async () => {
    const program = await runProgram(
      twoCameras({ "lastframe:network": "new", "lastframe:natGateway": "true" }),
    );

    expect(program.resource("awsx:ec2:Vpc").inputs.natGateways).to.deep.equal({ strategy: "OnePerAz" });
    expect(endpointsOf(program)).not.to.include("Interface kinesisvideo");
    expect(functionsOf(program)[0]?.inputs.vpcConfig.subnetIds).to.deep.equal(["subnet-1a", "subnet-1b"]);
  });

  it("says in one line that the Region has no endpoint for Kinesis Video, and what to write", async () => {
    const lacking = () => {
      throw new Error("no matching EC2 VPC Endpoint Service found");
    };

    const failure = await runProgram(twoCameras({ "lastframe:network": "new" }), {
      calls: { "aws:ec2/getVpcEndpointService:getVpcEndpointService": lacking },
    }).then(
      () => "no error",
      (error: Error) => error.message,
    );

    expect(failure).to.match(
      /^\[lastframe:natGateway\] is false; write true where a Region has no endpoint for Kinesis Video/,
    );
  });
});
