/** What a dashboard shows. */
export interface DashboardFacts {
  region: string;
  stack: string;
  workflowArn: string;
  functionNames: string[];
  logGroupNames: string[];
  queueNames: string[];
}

/** The page is 24 units wide. */
const WIDTH = 24;
const ROW_HEIGHT = 6;

/** A query of CloudWatch Metrics Insights shows so many streams at once, the worst first. */
const MOST_SHOWN = 20;

/**
 * The dashboard's body
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html). Its size does
 * not grow with the number of streams: graphs of streams are queries of Metrics Insights, which finds them by itself.
 */
export function dashboardBody(facts: DashboardFacts): { widgets: object[] } {
  const { region, stack, workflowArn, functionNames, logGroupNames, queueNames } = facts;

  const rows = [
    [
      text(
        [
          `# ${stack}`,
          "**Is all well?** *Not archived for* goes up and down and stays under the length of a clip and a few minutes; no function fails, and there are no dead letters.",
          "**A camera is missing** among the arrivals: it sends nothing. Look at the camera and its network; what was acknowledged before is safe.",
          "***Not archived for* grows:** archiving fails. Read the errors at the bottom. Nothing is lost before the share of the retention reaches 100 %, and it catches up by itself once the cause is gone.",
        ].join("\n\n"),
      ),
    ],
    [
      query(
        "Video arrives: fragments a minute, by stream of the account",
        `SELECT SUM("PutMedia.IncomingFragments") FROM SCHEMA("AWS/KinesisVideo", StreamName) GROUP BY StreamName ORDER BY SUM() DESC LIMIT ${MOST_SHOWN}`,
        { period: 60 },
      ),
      query(
        "Not archived for, in seconds, worst streams first",
        `SELECT MAX(UnarchivedAge) FROM SCHEMA(lastframe, Stack, Stream) WHERE Stack = '${stack}' GROUP BY Stream ORDER BY MAX() DESC LIMIT ${MOST_SHOWN}`,
        { period: 60 },
      ),
      query(
        "Share of the retention used up, in percent, worst streams first",
        `SELECT MAX(UnarchivedAgeOfRetention) FROM SCHEMA(lastframe, Stack, Stream) WHERE Stack = '${stack}' GROUP BY Stream ORDER BY MAX() DESC LIMIT ${MOST_SHOWN}`,
        { period: 60, horizontal: [50, 80] },
      ),
    ],
    [
      metrics(
        "Recorders: started, ended, failed",
        ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"].map((name) => [
          "AWS/States",
          name,
          "StateMachineArn",
          workflowArn,
        ]),
      ),
      metrics(
        "Errors of functions",
        functionNames.map((name) => ["AWS/Lambda", "Errors", "FunctionName", name]),
      ),
      metrics(
        "Calls that were throttled",
        functionNames.map((name) => ["AWS/Lambda", "Throttles", "FunctionName", name]),
      ),
      metrics(
        "Dead letters",
        queueNames.map((name) => ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]),
        "Maximum",
      ),
    ],
    [
      query(
        "Kinesis Video: milliseconds until a fragment is persisted, by stream of the account",
        `SELECT MAX("PutMedia.FragmentPersistLatency") FROM SCHEMA("AWS/KinesisVideo", StreamName) GROUP BY StreamName ORDER BY MAX() DESC LIMIT ${MOST_SHOWN}`,
        { period: 60 },
      ),
      query(
        "Kinesis Video: errors told to cameras, by stream of the account",
        `SELECT SUM("PutMedia.ErrorAckCount") FROM SCHEMA("AWS/KinesisVideo", StreamName) GROUP BY StreamName ORDER BY SUM() DESC LIMIT ${MOST_SHOWN}`,
        { period: 60 },
      ),
    ],
    [
      {
        type: "log",
        properties: {
          title: "What functions complain of",
          region,
          view: "table",
          query: `${logGroupNames.map((name) => `SOURCE '${name}'`).join(" | ")} | fields @timestamp, @log, @message | filter @message like /(ERROR|WARN|Task timed out)/ | sort @timestamp desc | limit 50`,
        },
      },
    ],
  ];

  return { widgets: rows.flatMap(place) };

  function metrics(title: string, lines: string[][], stat = "Sum"): object {
    return {
      type: "metric",
      properties: { title, region, view: "timeSeries", stat, period: 60, metrics: lines },
    };
  }

  function query(
    title: string,
    expression: string,
    { period, horizontal = [] }: { period: number; horizontal?: number[] },
  ): object {
    const annotations = horizontal.length > 0 ? { horizontal: horizontal.map((value) => ({ value })) } : {};
    return {
      type: "metric",
      properties: {
        title,
        region,
        view: "timeSeries",
        period,
        metrics: [[{ expression, period }]],
        annotations,
      },
    };
  }
}

function text(markdown: string): object {
  return { type: "text", properties: { markdown } };
}

/** Lays one row of widgets over the width of the page. */
function place(row: object[], index: number): object[] {
  const width = WIDTH / row.length;
  return row.map((widget, column) => ({
    ...widget,
    x: column * width,
    y: index * ROW_HEIGHT,
    width,
    height: ROW_HEIGHT,
  }));
}
