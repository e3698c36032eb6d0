import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  type CommandError,
  type EngineEvent,
  LocalWorkspace,
  type PulumiFn,
  type Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation";
import { engineProblems, explainCommand } from "./engineProblems";
import { failure } from "./failure";
import { openPulumiCli } from "./pulumiCli";

/** The project of all stacks: `name` in `Pulumi.yaml`. */
export const PROJECT = "lastframe";

/** A resource of a component, as it is planned, made or removed. */
export interface ResourceStep {
  /** The component's type without its package: `Recorder`. What belongs to none has its own type. */
  component: string;
  urn: string;
}

/** What is told while the engine works. */
export interface EngineListener {
  planned(step: Pick<ResourceStep, "component">): void;
  done(step: ResourceStep): void;
}

/** A resource that was being made when its engine died. */
export interface HalfMade {
  type: string;
  /** Its physical name, where it has one. */
  name: string;
}

/** How one run of the engine is watched and ended. */
export interface RunOptions {
  listener: EngineListener;
  signal?: AbortSignal;
}

/** Pulumi's engine, as far as events need it. Failures say which resource it was and why. */
export interface Engine {
  /** A stack's outputs; nothing where there is no such stack. */
  outputs(stackName: string): Promise<Record<string, unknown> | undefined>;
  stackNames(): Promise<string[]>;
  exists(stackName: string): Promise<boolean>;
  /** Makes a stack, or makes it as the program says now. */
  up(stackName: string, region: string, program: PulumiFn, run: RunOptions): Promise<Record<string, unknown>>;
  /** Removes a stack and everything in it; nothing to do where there is none. */
  destroy(stackName: string, run: RunOptions): Promise<void>;
  /** Takes away the lock of an engine that is dead. */
  unlock(stackName: string): Promise<void>;
  /** What an engine that died was making: whether that was made, Pulumi does not know. */
  halfMade(stackName: string): Promise<HalfMade[]>;
  /** Compares the stack with what is there, and forgets what was half made. */
  refresh(stackName: string): Promise<void>;
  close(): void;
}

/**
 * Opens the engine of the Pulumi CLI on this machine, with the backend and credentials that the CLI itself would use.
 * Each has a folder of its own, so any number can work at once.
 */
export async function openEngine(): Promise<Engine> {
  const workDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-event-"));
  const pulumiCommand = await openPulumiCli(workDir).catch((error) => {
    fs.rmSync(workDir, { recursive: true });
    throw error;
  });
  const envVars = { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true" };
  const projectSettings = { name: PROJECT, runtime: "nodejs" as const };
  const options = { workDir, pulumiCommand, envVars, projectSettings };
  const workspace = await LocalWorkspace.create(options);

  async function select(stackName: string): Promise<Stack | undefined> {
    try {
      return await LocalWorkspace.selectStack(
        { stackName, projectName: PROJECT, program: async () => {} },
        options,
      );
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw explainCommand(error as CommandError);
    }
  }

  return {
    async outputs(stackName) {
      try {
        const found = await workspace.stackOutputs(stackName);
        return Object.fromEntries(Object.entries(found).map(([name, { value }]) => [name, value]));
      } catch (error) {
        if (error instanceof StackNotFoundError) return undefined;
        throw explainCommand(error as CommandError);
      }
    },
    async stackNames() {
      const stacks = await workspace.listStacks().catch((error) => {
        throw explainCommand(error);
      });
      return stacks.map(({ name }) => name);
    },
    exists: async (stackName) => (await select(stackName)) !== undefined,
    async up(stackName, region, program, { listener, signal }) {
      const stackSettings = { [stackName]: { config: { "aws:region": region } } };
      const counted = async () => {
        countPlanned(listener);
        return program();
      };
      return run(
        signal,
        async (onEvent) => {
          const stack = await LocalWorkspace.createOrSelectStack(
            { stackName, projectName: PROJECT, program: counted },
            { ...options, stackSettings },
          );
          const { outputs } = await stack.up({ onEvent, signal, color: "never", suppressProgress: true });
          return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
        },
        listener,
      );
    },
    async destroy(stackName, { listener, signal }) {
      const stack = await select(stackName);
      if (!stack) return;
      const { deployment } = await exported(stack);
      const held = heldBy(deployment);
      for (const step of held) listener.planned(step);
      await run(
        signal,
        (onEvent) => stack.destroy({ onEvent, signal, color: "never", suppressProgress: true, remove: true }),
        listener,
        new Map(held.map(({ urn, component }) => [urn, component])),
      );
    },
    async unlock(stackName) {
      await (await select(stackName))?.cancel();
    },
    async halfMade(stackName) {
      const stack = await select(stackName);
      const deployment = stack && (await exported(stack)).deployment;
      const pending: { type: string; resource: { type: string; urn: string; inputs?: { name?: string } } }[] =
        deployment?.pending_operations ?? [];
      return pending
        .filter(({ type }) => type === "creating")
        .map(({ resource: { type, urn, inputs } }) => ({
          type,
          name: inputs?.name ?? urn.split("::").at(-1) ?? "",
        }));
    },
    async refresh(stackName) {
      const stack = await select(stackName);
      if (stack)
        await stack.refresh({ color: "never", clearPendingCreates: true }).catch((error) => {
          throw explainCommand(error);
        });
    },
    close() {
      fs.rmSync(workDir, { recursive: true, force: true });
      forgetSelection(workDir);
    },
  };
}

/** Runs the engine once; what fails is told by the resources that failed. */
async function run<Result>(
  signal: AbortSignal | undefined,
  act: (onEvent: (event: EngineEvent) => void) => Promise<Result>,
  listener: EngineListener,
  /** Of resources that are there, by URN: what is removed goes before what it belongs to. */
  components = new Map<string, string>(),
): Promise<Result> {
  const problems = engineProblems();
  const onEvent = (event: EngineEvent) => {
    problems.take(event);
    const metadata = event.resourcePreEvent?.metadata ?? event.resOutputsEvent?.metadata;
    if (!metadata) return;
    const { urn, type, old, new: next } = metadata;
    const component = components.get(urn) ?? componentOf(type, components.get((next ?? old)?.parent ?? ""));
    components.set(urn, component);
    if (event.resOutputsEvent && isCounted(type)) listener.done({ component, urn });
  };
  try {
    return await act(onEvent);
  } catch (error) {
    if (signal?.aborted) throw failure("interrupted", "interrupted", error);
    throw problems.explain(error as CommandError);
  }
}

/** A stack's state. */
function exported(stack: Stack) {
  return stack.exportStack().catch((error: CommandError) => {
    throw explainCommand(error);
  });
}

/** The stack itself and its providers are no resources that a person waits for. */
const isCounted = (type: string) => !type.startsWith("pulumi:");

const componentOf = (type: string, parents: string | undefined): string =>
  parents && !parents.startsWith("pulumi:")
    ? parents
    : (type.startsWith("pulumi:") ? type : type.split(":").at(-1)) || type;

/** Tells of each resource when the program asks for it: that is at once, while the engine makes them one by one. */
function countPlanned(listener: EngineListener): void {
  const components = new Map<pulumi.Resource, string>();
  pulumi.runtime.registerStackTransformation(({ resource, type, opts }) => {
    const component = componentOf(type, opts.parent && components.get(opts.parent));
    components.set(resource, component);
    if (isCounted(type)) listener.planned({ component });
    return undefined;
  });
}

/** The resources in a stack's state. */
function heldBy(
  deployment: { resources?: { urn: string; type: string; parent?: string }[] } | undefined,
): ResourceStep[] {
  const components = new Map<string, string>();
  return (deployment?.resources ?? []).flatMap(({ urn, type, parent = "" }) => {
    const component = componentOf(type, components.get(parent));
    components.set(urn, component);
    return isCounted(type) ? [{ component, urn }] : [];
  });
}

/** The CLI remembers which stack is selected in which folder; of a folder that is gone nobody needs to know. */
function forgetSelection(workDir: string): void {
  const home = process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");
  const hash = createHash("sha1").update(path.join(workDir, "Pulumi.yaml")).digest("hex");
  fs.rmSync(path.join(home, "workspaces", `${PROJECT}-${hash}-workspace.json`), { force: true });
}
