import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** The temporary folder of the run, of every test in it and every process that they start. */
let temporary: string;

export function mochaGlobalSetup(): void {
  temporary = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-tests-"));
  process.env.TMPDIR = temporary;
}

/** @throws when a test has left a temporary folder or file, which fails the run */
export function mochaGlobalTeardown(): void {
  // ts-node and npm keep compiled code there.
  const left = fs.readdirSync(temporary).filter((name) => !name.includes("compile-cache"));
  fs.rmSync(temporary, { recursive: true });
  if (left.length > 0) throw new Error(`tests left temporary folders or files: ${left.join(", ")}`);
}

/**
 * Mocha's root hook. Mocha re-emits an unhandled rejection and then drops it, so a Pulumi program whose
 * registration fails would pass its tests. Here the first rejection seen during a test fails that test.
 */
const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);

/** Takes over the rejections that nobody handled so far: the test that expects them says what becomes of them. */
export function takeRejections(): unknown[] {
  return rejections.splice(0);
}

let running: Mocha.Test | undefined;

/** The test that runs now. */
export const runningTest = () => running;

export const mochaHooks = {
  // Anew for each file: after each, a worker of mocha's takes every listener of this event off its process.
  beforeAll() {
    process.off("unhandledRejection", onRejection).on("unhandledRejection", onRejection);
  },
  beforeEach(this: Mocha.Context) {
    running = this.currentTest;
  },
  afterEach(done: Mocha.Done) {
    setImmediate(() => {
      const [first] = takeRejections();
      if (first === undefined) done();
      else done(first instanceof Error ? first : new Error(String(first)));
    });
  },
};
