import type { consoleLinks } from "./console";

/** What a stack's page says of it. */
export interface StackFacts {
  /** `project/stack`. */
  stack: string;
  region: string;
  bucket: string;
  prefix: string;
  workflowArn: string;
  /** Its name. */
  dashboard: string;
  streams: { name: string; arn: string; alarm: string; clipSeconds: number; retentionHours: number }[];
}

/** More rows than this are read by nobody; the outputs hold all. */
const MOST_ROWS = 50;

/** The stack's page in Markdown, which Pulumi Cloud shows and `pulumi stack output readme` prints. */
export function stackPage(facts: StackFacts, links: ReturnType<typeof consoleLinks>): string {
  const { stack, region, bucket, prefix, workflowArn, dashboard, streams } = facts;
  const [first] = streams;
  const address = `--bucket ${bucket}${prefix && ` --prefix ${prefix}`}`;
  const left = streams.length - MOST_ROWS;
  return `# ${stack}

Footage is in [${bucket}/${prefix}](${links.bucket(bucket, prefix)}), recorded by
[this workflow](${links.workflow(workflowArn)}) while the [alarms](${links.alarms(`${stack}/`)}) ring. How it fares is on the
[dashboard](${links.dashboard(dashboard)}).

| stream | send to | clips of | kept by Kinesis Video Streams | |
|---|---|---|---|---|
${streams.slice(0, MOST_ROWS).map(row).join("\n")}
${left > 0 ? `\nand ${left} more: \`pulumi stack output streams\`\n` : ""}
## Send

\`\`\`
npm run camera -- FILE.mkv --stream ${first?.name} --region ${region}
gst-launch-1.0 SOURCE ! h264parse ! kvssink stream-name=${first?.name} aws-region=${region}
\`\`\`

## Is it all there?

\`\`\`
npm run archive -- verify ${first?.name} ${address}
\`\`\`
`;

  function row({ name, arn, alarm, clipSeconds, retentionHours }: StackFacts["streams"][number]): string {
    const seen = `[live](${links.stream(name)}), [alarm](${links.alarm(alarm)})`;
    return `| ${name} | \`${arn}\` | ${clipSeconds} s | ${retentionHours} h | ${seen} |`;
  }
}
