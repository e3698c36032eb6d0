/** Links into the AWS console, for a stack's outputs. */
export const consoleLinks = (region: string) => {
  const console = `https://${region}.console.aws.amazon.com`;
  return {
    bucket: (bucket: string, prefix: string) =>
      `${console}/s3/buckets/${bucket}?region=${region}&prefix=${encodeURIComponent(prefix)}`,
    stream: (name: string) =>
      `${console}/kinesisvideo/home?region=${region}#/streams/streamName/${encodeURIComponent(name)}`,
    alarm: (name: string) =>
      `${console}/cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(name)}`,
    workflow: (arn: string) =>
      `${console}/states/home?region=${region}#/statemachines/view/${encodeURIComponent(arn)}`,
  };
};
