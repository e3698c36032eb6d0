import { demand, isOf, type Rule } from "../rule";

/** Whether a rule of a security group lets any address in. */
const isAnywhere = ({ cidrBlocks = [] }: { cidrBlocks?: string[] }) => cidrBlocks.includes("0.0.0.0/0");

export const networkRules: Rule[] = [
  {
    ids: ["Lambda.5"],
    says: "has a subnet in more than one zone",
    applies: isOf("awsx:ec2:Vpc"),
    check: ({ inputs }) => demand(inputs.numberOfAvailabilityZones > 1, "is in one zone only"),
    violate({ inputs }) {
      inputs.numberOfAvailabilityZones = 1;
    },
  },
  {
    ids: ["AwsSolutions-EC23"],
    says: "lets nobody in from anywhere",
    applies: isOf("aws:ec2/securityGroup:SecurityGroup"),
    check: ({ inputs }) => demand(!(inputs.ingress ?? []).some(isAnywhere), "lets anyone in"),
    violate({ inputs }) {
      inputs.ingress = [{ cidrBlocks: ["0.0.0.0/0"], protocol: "tcp", fromPort: 443, toPort: 443 }];
    },
  },
  {
    ids: ["KinesisVideo.PrivateEndpoint"],
    says: "answers by the service's own name: Kinesis Video's data endpoints are found by no other",
    applies: ({ type, inputs }) =>
      type === "aws:ec2/vpcEndpoint:VpcEndpoint" && inputs.vpcEndpointType === "Interface",
    check: ({ inputs }) => demand(inputs.privateDnsEnabled === true, "has no private DNS"),
    violate({ inputs }) {
      inputs.privateDnsEnabled = false;
    },
  },
];
