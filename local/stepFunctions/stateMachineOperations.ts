import { randomUUID } from "node:crypto";
import { awsError } from "../core/errors";
import type { Call, CloudDeps } from "../core/service";
import { checkDefinition, type Diagnostic } from "./checkDefinition";
import type { Executions } from "./executions";
import { readName, readTags, refuseUnknown, type Tag, validation } from "./input";
import { type LoggingConfiguration, readLogging } from "./logging";
import {
  currentRevision,
  findMachine,
  machineNeed,
  type Revision,
  type StateMachines,
} from "./stateMachines";
import type { Integrations } from "./tasks";

interface MachineInput {
  name?: string;
  stateMachineArn?: string;
  definition?: string;
  roleArn?: string;
  type?: string;
  loggingConfiguration?: LoggingConfiguration;
  tracingConfiguration?: { enabled?: boolean };
  tags?: Tag[];
  publish?: boolean;
  encryptionConfiguration?: { type?: string };
}

const MAX_DEFINITION_BYTES = 1_048_576;
const CREATE_MEMBERS = [
  "name",
  "definition",
  "roleArn",
  "type",
  "loggingConfiguration",
  "tracingConfiguration",
  "tags",
  "encryptionConfiguration",
];
const UPDATE_MEMBERS = [
  "stateMachineArn",
  "definition",
  "roleArn",
  "loggingConfiguration",
  "tracingConfiguration",
  "encryptionConfiguration",
];

/** Whether a role's trust policy lets an AWS service take it on, on behalf of a resource. */
export type Trusts = (roleArn: string, servicePrincipal: string, sourceArn: string) => Promise<boolean>;

/** The operations that make, change, describe and remove state machines. */
export function makeStateMachineOperations(options: {
  deps: CloudDeps;
  machines: StateMachines;
  executions: Executions;
  trusts?: Trusts;
  integrations: () => Integrations;
}) {
  const { deps, machines, executions, trusts = async () => true, integrations } = options;
  const { clock } = deps;

  const open = async (action: string, input: MachineInput, call: Call) => {
    await call.authorize(machineNeed(machines, action, input.stateMachineArn ?? "*"));
    return findMachine(machines, input.stateMachineArn);
  };
  const passRole = async (roleArn: string, arn: string, call: Call) => {
    const context = { "iam:PassedToService": "states.amazonaws.com" };
    await call.authorize({ action: "iam:PassRole", resource: roleArn, context });
    if (await trusts(roleArn, "states.amazonaws.com", arn)) return;
    throw awsError(
      "AccessDeniedException",
      400,
      `The service principal states.amazonaws.com is not authorized to assume the provided role ${roleArn}.`,
    );
  };
  const readRevision = (input: MachineInput, before?: Revision): Revision => {
    const definition = input.definition ?? before?.definition;
    const roleArn = input.roleArn ?? before?.roleArn;
    if (!definition || !roleArn) throw validation("definition and roleArn are required");
    if (!/^arn:aws:iam::\d{12}:role\/.+/.test(roleArn)) {
      throw awsError("InvalidArn", 400, `Invalid Role Arn: '${roleArn}'`);
    }
    if (input.encryptionConfiguration && input.encryptionConfiguration.type !== "AWS_OWNED_KEY") {
      throw validation("Encryption with a customer's key is not supported on this machine; leave it out");
    }
    requireValid(definition, integrations());
    return {
      revisionId: randomUUID(),
      definition,
      roleArn,
      loggingConfiguration: input.loggingConfiguration
        ? readLogging(input.loggingConfiguration)
        : (before?.loggingConfiguration ?? { level: "OFF", includeExecutionData: false }),
      tracingConfiguration: {
        enabled: input.tracingConfiguration?.enabled ?? before?.tracingConfiguration.enabled ?? false,
      },
      updateMs: clock.nowMs(),
    };
  };

  return {
    async CreateStateMachine(input: MachineInput, call: Call) {
      const name = readName(input.name);
      const arn = `arn:aws:states:${deps.region}:${deps.accountId}:stateMachine:${name}`;
      await call.authorize(machineNeed(machines, "CreateStateMachine", arn));
      await passRole(input.roleArn ?? "*", arn, call);
      refuseUnknown(input, CREATE_MEMBERS);
      if (input.type && input.type !== "STANDARD") {
        throw awsError("StateMachineTypeNotSupported", 400, `Type ${input.type} is not supported here`);
      }
      const revision = readRevision(input);
      const existing = machines.value[arn];
      if (existing) {
        if (!isSame(currentRevision(existing), revision)) {
          throw awsError("StateMachineAlreadyExists", 400, `State Machine Already Exists: '${arn}'`);
        }
        return { stateMachineArn: arn, creationDate: new Date(existing.creationMs) };
      }
      const creationMs = clock.nowMs();
      const tags = readTags(input.tags ?? []);
      machines.value[arn] = { arn, name, creationMs, tags, revisions: [revision] };
      machines.save();
      return { stateMachineArn: arn, creationDate: new Date(creationMs) };
    },

    async UpdateStateMachine(input: MachineInput, call: Call) {
      const machine = await open("UpdateStateMachine", input, call);
      if (input.roleArn) await passRole(input.roleArn, machine.arn, call);
      refuseUnknown(input, UPDATE_MEMBERS);
      if (!UPDATE_MEMBERS.slice(1).some((member) => member in input)) {
        throw awsError("MissingRequiredParameter", 400, "Name at least one thing to update");
      }
      const revision = readRevision(input, currentRevision(machine));
      const inUse = new Set(executions.of(machine.arn).map(({ revisionId }) => revisionId));
      machine.revisions = [...machine.revisions.filter(({ revisionId }) => inUse.has(revisionId)), revision];
      machines.save();
      return { updateDate: new Date(revision.updateMs), revisionId: revision.revisionId };
    },

    async DescribeStateMachine(input: MachineInput, call: Call) {
      const machine = await open("DescribeStateMachine", input, call);
      const { updateMs: _, ...revision } = currentRevision(machine);
      return {
        stateMachineArn: machine.arn,
        name: machine.name,
        status: "ACTIVE",
        type: "STANDARD",
        creationDate: new Date(machine.creationMs),
        ...revision,
      };
    },

    async ListStateMachines(input: { maxResults?: number; nextToken?: string }, call: Call) {
      await call.authorize({ action: "states:ListStateMachines", resource: "*" });
      const rest = Object.values(machines.value)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .filter(({ name }) => name > (input.nextToken ?? ""));
      const page = rest.slice(0, input.maxResults || 100);
      return {
        stateMachines: page.map(({ arn, name, creationMs }) => ({
          stateMachineArn: arn,
          name,
          type: "STANDARD",
          creationDate: new Date(creationMs),
        })),
        ...(rest.length > page.length ? { nextToken: page.at(-1)?.name } : {}),
      };
    },

    /** Ends running executions at once; AWS does so within some minutes, as they next change state. */
    async DeleteStateMachine(input: MachineInput, call: Call) {
      const arn = input.stateMachineArn ?? "";
      await call.authorize(machineNeed(machines, "DeleteStateMachine", arn));
      if (!machines.value[arn]) return undefined;
      executions.remove(arn);
      delete machines.value[arn];
      machines.save();
      return undefined;
    },

    async ValidateStateMachineDefinition(input: MachineInput, call: Call) {
      await call.authorize({ action: "states:ValidateStateMachineDefinition", resource: "*" });
      if (!input.definition) throw validation("definition is required");
      const diagnostics = checkDefinition(input.definition, integrations()).faults;
      return { result: diagnostics.length > 0 ? "FAIL" : "OK", diagnostics, truncated: false };
    },
  };
}

function requireValid(definition: string, integrations: Integrations) {
  if (Buffer.byteLength(definition) > MAX_DEFINITION_BYTES) {
    throw awsError("InvalidDefinition", 400, `The definition is larger than ${MAX_DEFINITION_BYTES} bytes`);
  }
  const { faults } = checkDefinition(definition, integrations);
  if (faults.length === 0) return;
  const tell = ({ code, message, location }: Diagnostic) => `${code}: ${message} at ${location}`;
  throw awsError(
    "InvalidDefinition",
    400,
    `Invalid State Machine Definition: '${faults.map(tell).join(", ")}'`,
  );
}

/** CreateStateMachine is idempotent in these; role and tags do not count. */
function isSame(a: Revision, b: Revision): boolean {
  const key = ({ definition, loggingConfiguration, tracingConfiguration }: Revision) =>
    JSON.stringify([definition, loggingConfiguration, tracingConfiguration]);
  return key(a) === key(b);
}
