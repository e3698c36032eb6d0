import { execFileSync, spawn } from "node:child_process";
import { expect } from "chai";
import { type EngineProject, engineCli, leftBehind, OPERATION_MS, openProject } from "./support";

describe("an operation of Pulumi's engine that fails half-way", function () {
  this.timeout(OPERATION_MS);
  let project: EngineProject;
  let command: string;
  before(async function () {
    const cli = await engineCli(this);
    command = cli.command;
    project = await openProject(cli, { speed: 30 });
  });
  after(() => project?.close());

  const failure = (work: Promise<unknown>) =>
    work.then(
      () => "no error",
      (error: Error) => error.message,
    );
  /** Resolves when the cloud has struck a call by the rules in force. */
  const strike = async () => {
    while (project.cloud.faults.strikes.length === 0) await new Promise((wake) => setTimeout(wake, 50));
  };
  const heal = () => project.cloud.faults.use({ rules: [] });

  it("tells which resource a service refused, and why", async () => {
    const fail = { code: "StateMachineLimitExceeded", status: 400, message: "No more workflows" };
    project.cloud.faults.use({ rules: [{ service: "states", action: "CreateStateMachine", fail }] });

    const error = await failure(project.stack.up());
    heal();

    expect(error).to.match(
      /sfn:StateMachine \(recorder[-\w]*\):\s+error: StateMachineLimitExceeded: No more workflows/,
    );
    expect(await leftBehind(project)).to.have.length.above(5);
  });

  it("leaves a lock and no process when the engine itself is killed, and `pulumi cancel` takes it away", async () => {
    project.cloud.faults.use({
      rules: [{ service: "monitoring", action: "PutMetricAlarm", delayMs: 60_000 }],
    });
    const engine = spawn(command, ["up", "--yes", "--skip-preview", "--stack", "dev"], {
      cwd: project.folder,
      env: { ...process.env, ...project.env },
      stdio: "ignore",
    });
    await strike();
    const plugins = childrenOf(engine.pid as number);

    engine.kill("SIGKILL");
    await new Promise((resolve) => engine.once("exit", resolve));
    while (plugins.some(isRunning)) await new Promise((wake) => setTimeout(wake, 100));
    heal();
    const locked = await failure(project.stack.up());
    await project.stack.cancel();

    expect(plugins).to.have.length(2);
    expect(locked).to.contain("currently locked");
  });

  it("is completed by the next `up`, with nothing made twice", async () => {
    await project.stack.up();
    const { changeSummary } = await project.stack.preview();

    expect(Object.keys(changeSummary)).to.deep.equal(["same"]);
    expect(await leftBehind(project)).to.have.members(await inState());
  });

  it("is completed after Ctrl-C too", async () => {
    project.configure((config) => {
      config["lastframe:clipSeconds"] = 120;
    });
    project.cloud.faults.use({ rules: [{ service: "monitoring", action: "TagResource", delayMs: 60_000 }] });
    const interruption = new AbortController();

    const interrupted = failure(project.stack.up({ signal: interruption.signal }));
    await strike();
    interruption.abort();
    const error = await interrupted;
    heal();
    await project.stack.up();
    const { changeSummary } = await project.stack.preview();

    expect(error).not.to.equal("no error");
    expect(Object.keys(changeSummary)).to.deep.equal(["same"]);
    expect(await leftBehind(project)).to.have.members(await inState());
  });

  /** What the engine's state holds, in the words of `leftBehind`. */
  async function inState(): Promise<string[]> {
    const { deployment } = await project.stack.exportStack();
    const { resources } = deployment as { resources: { type: string; outputs?: Record<string, string> }[] };
    return resources.flatMap(({ type, outputs = {} }) => {
      const kind = KINDS[type];
      return kind
        ? [`${kind} ${outputs.url ?? outputs.bucket ?? outputs.dashboardName ?? outputs.name}`]
        : [];
    });
  }
});

const childrenOf = (pid: number) =>
  execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const KINDS: Record<string, string> = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
  "aws:s3/bucket:Bucket": "bucket",
  "aws:cloudwatch/dashboard:Dashboard": "dashboard",
  "aws:lambda/function:Function": "function",
  "aws:cloudwatch/logGroup:LogGroup": "log group",
  "aws:sqs/queue:Queue": "queue",
  "aws:iam/role:Role": "role",
  "aws:cloudwatch/eventRule:EventRule": "rule",
  "aws:kinesis/videoStream:VideoStream": "stream",
  "aws:sns/topic:Topic": "topic",
  "aws:sfn/stateMachine:StateMachine": "workflow",
};
