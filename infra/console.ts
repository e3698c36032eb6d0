/** Links into the AWS console, for a stack's outputs. */
export const consoleLinks = (region: string) => {
  const home = `https://${region}.console.aws.amazon.com`;
  return {
    bucket: (bucket: string, prefix: string) =>
      `${home}/s3/buckets/${bucket}?region=${region}&prefix=${encodeURIComponent(prefix)}`,
    stream: (name: string) =>
      `${home}/kinesisvideo/home?region=${region}#/streams/streamName/${encodeURIComponent(name)}`,
    alarm: (name: string) =>
      `${home}/cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(name)}`,
    /** The list of alarms whose names contain this. */
    alarms: (search: string) =>
      `${home}/cloudwatch/home?region=${region}#alarmsV2:?search=${encodeURIComponent(search)}`,
    dashboard: (name: string) =>
      `${home}/cloudwatch/home?region=${region}#dashboards/dashboard/${encodeURIComponent(name)}`,
    workflow: (arn: string) =>
      `${home}/states/home?region=${region}#/statemachines/view/${encodeURIComponent(arn)}`,
  };
};
