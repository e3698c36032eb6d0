import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkSettings } from "./settings";

export interface NetworkArgs {
  settings: NetworkSettings;
  tags: Record<string, string>;
}

/** Where a function runs in a VPC, as `aws.lambda.Function` takes it. */
export interface VpcConfig {
  subnetIds: pulumi.Input<string[]>;
  securityGroupIds: pulumi.Input<pulumi.Input<string>[]>;
}

/** What the functions call, beside S3 and Kinesis Video, and Logs for whoever reads them from inside. */
const SERVICES = ["monitoring", "logs", "states", "events", "lambda"];

/** Where the functions run: in no VPC, in existing subnets, or in a new VPC that reaches the services they call only. */
export class Network extends pulumi.ComponentResource {
  /** Undefined where the functions run in no VPC. */
  readonly vpcConfig?: VpcConfig;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("lastframe:infra:Network", name, {}, opts);
    const { settings, tags } = args;
    const child = { parent: this };

    if (settings.kind === "existing") {
      const { subnetIds, securityGroupIds } = settings;
      this.vpcConfig = { subnetIds, securityGroupIds };
    }
    if (settings.kind === "new") this.vpcConfig = createVpc(settings);
    this.registerOutputs({});

    function createVpc({ cidr, natGateway }: { cidr: string; natGateway: boolean }): VpcConfig {
      const vpc = new awsx.ec2.Vpc(
        name,
        {
          cidrBlock: cidr,
          numberOfAvailabilityZones: 2,
          subnetStrategy: "Auto",
          subnetSpecs: natGateway ? [{ type: "Private" }, { type: "Public" }] : [{ type: "Isolated" }],
          natGateways: { strategy: natGateway ? "OnePerAz" : "None" },
          // Private DNS, without which the endpoints are not found, needs both.
          enableDnsHostnames: true,
          enableDnsSupport: true,
          tags,
        },
        child,
      );
      const subnetIds = natGateway ? vpc.privateSubnetIds : vpc.isolatedSubnetIds;
      const { region } = aws.getRegionOutput({}, child);
      const ofRegion = (service: string) => pulumi.interpolate`com.amazonaws.${region}.${service}`;

      const s3 = new aws.ec2.VpcEndpoint(
        `${name}-s3`,
        {
          vpcId: vpc.vpcId,
          serviceName: ofRegion("s3"),
          vpcEndpointType: "Gateway",
          routeTableIds: vpc.routeTables.apply((tables) => tables.map(({ id }) => id)),
          tags,
        },
        child,
      );
      const functions = new aws.ec2.SecurityGroup(
        `${name}-functions`,
        {
          vpcId: vpc.vpcId,
          description: "The functions: HTTPS to the endpoints, and nothing in",
          egress: [
            {
              description: natGateway ? "Services, by endpoint or NAT" : "Interface endpoints",
              protocol: "tcp",
              fromPort: 443,
              toPort: 443,
              cidrBlocks: [natGateway ? "0.0.0.0/0" : cidr],
            },
            {
              description: "S3",
              protocol: "tcp",
              fromPort: 443,
              toPort: 443,
              prefixListIds: [s3.prefixListId],
            },
          ],
          tags,
        },
        child,
      );
      const endpoints = new aws.ec2.SecurityGroup(
        `${name}-endpoints`,
        {
          vpcId: vpc.vpcId,
          description: "The interface endpoints: HTTPS from the functions",
          ingress: [
            {
              description: "The functions",
              protocol: "tcp",
              fromPort: 443,
              toPort: 443,
              securityGroups: [functions.id],
            },
          ],
          tags,
        },
        child,
      );
      const interfaceEndpoint = (service: string) =>
        new aws.ec2.VpcEndpoint(
          `${name}-${service}`,
          {
            vpcId: vpc.vpcId,
            serviceName: ofRegion(service),
            vpcEndpointType: "Interface",
            subnetIds,
            securityGroupIds: [endpoints.id],
            privateDnsEnabled: true,
            tags,
          },
          child,
        );
      for (const service of SERVICES) interfaceEndpoint(service);
      // Not every Region has this one; the NAT gateway stands in for it.
      if (!natGateway) {
        interfaceEndpoint("kinesisvideo");
        // Nothing waits for it, so that it is one error and not one of each resource that goes by the endpoint.
        checkEndpoint(child);
      }
      return { subnetIds, securityGroupIds: [functions.id] };
    }
  }
}

/** @throws in one line, when the Region has no endpoint for Kinesis Video; Pulumi's preview ends there */
async function checkEndpoint(options: pulumi.InvokeOptions): Promise<void> {
  const service = { service: "kinesisvideo", serviceType: "Interface" };
  await aws.ec2.getVpcEndpointService(service, options).catch((error: Error) => {
    throw new pulumi.RunError(
      `[${pulumi.getProject()}:natGateway] is false; write true where a Region has no endpoint for Kinesis Video, as this one seems (${error.message})`,
    );
  });
}

/**
 * Statements for a function in a VPC: Lambda makes and removes its network interfaces with the function's role
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html), and the function's own code may not.
 */
export function networkStatements(vpcConfig: VpcConfig | undefined): object[] {
  if (!vpcConfig) return [];
  const actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ];
  return [
    { Effect: "Allow", Action: actions, Resource: "*" },
    {
      Effect: "Deny",
      Action: actions,
      Resource: "*",
      Condition: { Null: { "lambda:SourceFunctionArn": "false" } },
    },
  ];
}
