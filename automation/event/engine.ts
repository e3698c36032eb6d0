import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  type CommandError,
  type EngineEvent,
  LocalWorkspace,
  type PulumiFn,
  type Stack,
  StackAlreadyExistsError,
  StackNotFoundError,
} from "@pulumi/pulumi/automation";
import { backendVariables, pulumiHome } from "./backend";
import { countDone, countPlanned, type EngineListener, heldBy } from "./components";
import { engineProblems, explainCommand } from "./engineProblems";
import { failure, isFailure } from "./failure";
import { openPulumiCli } from "./pulumiCli";
import { adopting, halfMadeIn, otherBase, rootOf, type StackState, type StateResource } from "./stackState";

/** The project of all stacks: `name` in `Pulumi.yaml`. */
export const PROJECT = "lastframe";

/** How one run of the engine is watched and ended. */
export interface RunOptions {
  listener: EngineListener;
  signal?: AbortSignal;
}

/** The stack of an event, and that of the environment which it belongs to. */
export interface EventStack {
  stackName: string;
  base: string;
}

/** Pulumi's engine, as far as events need it. Failures say which resource it was and why. */
export interface Engine {
  /** A stack's state; nothing where there is no such stack. */
  state(stackName: string): Promise<StackState | undefined>;
  stackNames(): Promise<string[]>;
  /**
   * Makes a stack, or makes it as the program says now.
   * @throws where the stack of that name belongs to another environment
   */
  up(stack: EventStack, region: string, program: PulumiFn, run: RunOptions): Promise<void>;
  /** Removes a stack and everything in it; nothing to do where there is none, or another environment's. */
  destroy(stack: EventStack, run: RunOptions): Promise<void>;
  /** Takes away the lock of an engine that is dead. */
  unlock(stackName: string): Promise<void>;
  /**
   * What an engine that died was making: whether that was made, Pulumi does not know.
   * @throws StackLocked while an engine works on the stack
   */
  halfMade(stack: EventStack): Promise<StateResource[]>;
  /** Takes what was half made into the stack where it is there, under these IDs by URN, and forgets the rest. */
  adopt(stackName: string, ids: Map<string, string>): Promise<void>;
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
  const envVars = {
    ...backendVariables(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
  };
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
    async state(stackName) {
      try {
        // The SDK's way to ask for outputs starts the CLI twice, to tell which are secrets; these are none.
        const { deployment } = await workspace.exportStack(stackName);
        return (deployment ?? {}) as StackState;
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
    async up({ stackName, base }, region, program, { listener, signal }) {
      const stackSettings = { [stackName]: { config: { "aws:region": region } } };
      const counted = async () => {
        countPlanned(listener);
        return program();
      };
      await run(signal, countDone(listener), async (onEvent) => {
        const args = { stackName, projectName: PROJECT, program: counted };
        const settings = { ...options, stackSettings };
        // Mostly there is none yet, and each start of the CLI takes half a second: the SDK's way would look first.
        const stack = await LocalWorkspace.createStack(args, settings).catch(async (error) => {
          if (!(error instanceof StackAlreadyExistsError)) throw error;
          const there = await LocalWorkspace.selectStack(args, settings);
          const other = otherBase((await exported(there)).state, base);
          if (other)
            throw failure(
              "usage",
              `the stack ${stackName} is that of an event on ${other}, begun at the same time; stop this one, and choose another name`,
            );
          return there;
        });
        await withoutSummary(stack).up({ ...quiet, onEvent, signal });
      });
    },
    async destroy({ stackName, base }, { listener, signal }) {
      const stack = await select(stackName);
      if (!stack) return;
      const { state } = await exported(stack);
      if (otherBase(state, base)) return;
      const held = heldBy(state);
      for (const step of held) listener.planned(step);
      await run(signal, countDone(listener, held), async (onEvent) => {
        await withoutSummary(stack).destroy({ ...quiet, onEvent, signal, remove: true });
      });
    },
    async unlock(stackName) {
      await (await select(stackName))?.cancel();
    },
    async halfMade({ stackName, base }) {
      const stack = await select(stackName);
      if (!stack) return [];
      const { state } = await exported(stack);
      if (otherBase(state, base)) return [];
      // Whoever refreshes has the lock: what is read afterwards is what a dead engine left, not what a live one is at.
      const root = rootOf(state);
      await refresh(stack, root && [root]);
      return halfMadeIn((await exported(stack)).state);
    },
    async adopt(stackName, ids) {
      const stack = await select(stackName);
      if (!stack) return;
      const { version, state } = await exported(stack);
      await stack.importStack({ version, deployment: adopting(state, ids) });
      // Reads the rest of what is there, and drops what is not.
      const adopted = halfMadeIn(state).filter(({ urn }) => ids.has(urn));
      if (adopted.length > 0) await refresh(stack, adopted);
    },
    close() {
      fs.rmSync(workDir, { recursive: true, force: true });
      forgetSelection(workDir);
    },
  };
}

/** How the CLI prints, which nobody reads. */
const quiet = { color: "never", suppressProgress: true } as const;

/** Runs the engine once; what fails is told by the resources that failed. */
async function run(
  signal: AbortSignal | undefined,
  take: (event: EngineEvent) => void,
  act: (onEvent: (event: EngineEvent) => void) => Promise<void>,
): Promise<void> {
  const problems = engineProblems();
  try {
    await act((event) => {
      problems.take(event);
      take(event);
    });
  } catch (error) {
    if (signal?.aborted) throw failure("interrupted", "interrupted", error);
    if (isFailure(error)) throw error;
    throw problems.explain(error as CommandError);
  }
}

/** A stack whose runs end with the engine: else the CLI is started three times more, to sum up what nobody reads. */
function withoutSummary(stack: Stack): Stack {
  return Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
}

/** A stack's state, and the version of its format. */
async function exported(stack: Stack): Promise<{ version: number; state: StackState }> {
  const { version, deployment } = await stack.exportStack().catch((error: CommandError) => {
    throw explainCommand(error);
  });
  return { version, state: (deployment ?? {}) as StackState };
}

/** Compares a stack's resources with what is there: some, or all of them. */
async function refresh(stack: Stack, resources?: StateResource[]): Promise<void> {
  await withoutSummary(stack)
    .refresh({ ...quiet, target: resources?.map(({ urn }) => urn) })
    .catch((error) => {
      throw explainCommand(error);
    });
}

/** The CLI remembers which stack is selected in which folder; of a folder that is gone nobody needs to know. */
function forgetSelection(workDir: string): void {
  const hash = createHash("sha1").update(path.join(workDir, "Pulumi.yaml")).digest("hex");
  fs.rmSync(path.join(pulumiHome(), "workspaces", `${PROJECT}-${hash}-workspace.json`), { force: true });
}
