import { jsonService } from "../core/protocols";
import type { CallAs, PublishEvent, PutMetric, WriteLog } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { makeExecutionMetrics } from "./executionMetrics";
import { makeExecutionOperations } from "./executionOperations";
import { openExecutions } from "./executions";
import { logEvent } from "./logging";
import { makeStateMachineOperations, type Trusts } from "./stateMachineOperations";
import type { Revision, StateMachine } from "./stateMachines";
import { publishStatus } from "./statusEvents";
import { makeTagOperations } from "./tags";
import { type Integrations, type InvokeLambda, makeIntegrations, type StartExecution } from "./tasks";

/** The Step Functions service. */
export interface StepFunctions {
  http: HttpService;
  operations: Operations & { StartExecution: StartExecution };
  /** Lets every execution rest where it stands; what is on disk goes on with the next start. */
  close(): void;
}

/**
 * Step Functions' standard workflows in JSONata. Waits, retries and timeouts follow the cloud's clock. Every execution
 * has files of its own, its state and its history, and goes on after a restart: waits to their instant, tasks from
 * their beginning.
 */
export function makeStepFunctions(
  deps: CloudDeps & {
    callAs: CallAs;
    invokeLambda: InvokeLambda;
    publishEvent: PublishEvent;
    /** Whether a role's trust policy lets a service take it on; without it every role is taken. */
    trusts?: Trusts;
    /** Without it, logging configurations are kept but write nothing. */
    writeLog?: WriteLog;
    /** Without it, there are no metrics. */
    putMetric?: PutMetric;
  },
): StepFunctions {
  const { store, callAs, invokeLambda, publishEvent, trusts, writeLog } = deps;
  const machines = store.document<Record<string, StateMachine>>("stepFunctions/stateMachines", {});
  const revisionOf = (stateMachineArn: string, revisionId: string): Revision | undefined =>
    machines.value[stateMachineArn]?.revisions.find((revision) => revision.revisionId === revisionId);

  const countStatus = makeExecutionMetrics(deps);
  const executions = openExecutions({
    deps,
    integrations: () => integrations,
    findMachine: (arn) => machines.value[arn],
    onStatus(execution) {
      countStatus(execution);
      publishStatus(publishEvent, execution);
    },
    onEvent(execution, event) {
      const machine = machines.value[execution.stateMachineArn];
      const revision = revisionOf(execution.stateMachineArn, execution.revisionId);
      if (!writeLog || !machine || !revision) return;
      logEvent(writeLog, revision.loggingConfiguration, machine.name, execution, event);
    },
  });
  const executionOperations = guarded(deps, "states", makeExecutionOperations(machines, executions));
  // Tasks start executions too, so the two know each other.
  const integrations: Integrations = makeIntegrations({
    callAs,
    invokeLambda,
    startExecution: executionOperations.StartExecution,
  });
  const operations = {
    ...guarded(deps, "states", {
      ...makeStateMachineOperations({ deps, machines, executions, trusts, integrations: () => integrations }),
      ...makeTagOperations(machines),
    }),
    ...executionOperations,
  };

  executions.resume();
  return {
    http: jsonService({
      signingName: "states",
      targetPrefix: "AWSStepFunctions",
      version: "1.0",
      operations,
    }),
    operations,
    close: executions.close,
  };
}
