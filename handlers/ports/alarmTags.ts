import { type CloudWatchClient, ListTagsForResourceCommand } from "@aws-sdk/client-cloudwatch";

/** A way to ask CloudWatch for the tags of an alarm. */
export const makeReadTags =
  (cloudWatch: CloudWatchClient) =>
  async (alarmArn: string): Promise<Record<string, string>> => {
    const { Tags = [] } = await cloudWatch.send(new ListTagsForResourceCommand({ ResourceARN: alarmArn }));
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  };
