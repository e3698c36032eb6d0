import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A trust policy: the one service that may act as the role. */
export function assumedBy(servicePrincipal: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: servicePrincipal }, Action: "sts:AssumeRole" }],
  });
}

/** Makes ARNs of this account and Region: `arn("cloudwatch", "alarm:*")`. */
export function makeArn(options: pulumi.InvokeOptions) {
  const { accountId } = aws.getCallerIdentityOutput({}, options);
  const { region } = aws.getRegionOutput({}, options);
  const { partition } = aws.getPartitionOutput({}, options);
  return (service: string, resource: string) =>
    pulumi.interpolate`arn:${partition}:${service}:${region}:${accountId}:${resource}`;
}
