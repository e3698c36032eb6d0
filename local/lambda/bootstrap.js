"use strict";
/**
 * The runtime of a Lambda function's process, started by `sandbox.ts`: loads the handler that `_HANDLER` names, then
 * runs one invocation after another as they come over the IPC channel. Plain JavaScript without imports from the
 * project, because it shares its process with the function.
 *
 * To the parent: `{ready}`, `{failed}` (init), `{log: {level, text}}`, `{result}`. From it: `{invoke}`.
 * Behaves as the runtimes nodejs22.x and nodejs24.x: their error shapes, exit codes and console.
 */
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { format } = require("node:util");

const CALLBACK_REMOVED =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
  "You need to modify this function to use a supported handler signature to use Node.js 24 or later. " +
  "For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

const send = process.send.bind(process);
// The function must not find a channel that Lambda does not have.
delete process.send;
// Whoever started this process is gone: so is the reason to run.
process.on("disconnect", () => process.exit(1));

const namedError = (name, message) => Object.assign(new Error(message), { name });

/** An error in the form that Lambda answers. */
function describeError(error) {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

const log = (level, text) => send({ log: { level, text } });
for (const [method, level] of [
  ["trace", "TRACE"],
  ["debug", "DEBUG"],
  ["log", "INFO"],
  ["info", "INFO"],
  ["warn", "WARN"],
  ["error", "ERROR"],
]) {
  console[method] = (...values) => log(level, format(...values));
}

function logError(title, error) {
  const { errorType, errorMessage, trace } = describeError(error);
  log("ERROR", `${title} \t${JSON.stringify({ errorType, errorMessage, code: error?.code, stack: trace })}`);
}

/** The file of the handler's module, tried as the runtime tries it. */
function findModule(taskRoot, name) {
  const file = path.resolve(taskRoot, name);
  const found = ["", ".js", ".mjs", ".cjs"]
    .map((extension) => file + extension)
    .find((candidate) => fs.statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (found) return found;
  throw namedError("Runtime.ImportModuleError", `Error: Cannot find module '${path.basename(name)}'`);
}

/** Loads `folder/module.export.path` below the task root. */
async function loadHandler(taskRoot, handlerName) {
  const folder = path.dirname(handlerName);
  const [moduleName, ...exportPath] = path.basename(handlerName).split(".");
  const file = findModule(taskRoot, path.join(folder, moduleName));
  let loaded;
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw namedError("Runtime.UserCodeSyntaxError", String(error));
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw namedError("Runtime.ImportModuleError", `Error: ${error.message}`);
    }
    throw error;
  }
  const follow = (from) => exportPath.reduce((value, name) => value?.[name], from);
  const handler = follow(loaded) ?? follow(loaded.default);
  if (handler === undefined) {
    throw namedError("Runtime.HandlerNotFound", `${handlerName} is undefined or not exported`);
  }
  if (typeof handler !== "function") {
    throw namedError("Runtime.HandlerNotFound", `${handlerName} is not a function`);
  }
  if (handler.length < 3) return async (event, context) => handler(event, context);
  if (process.env.AWS_EXECUTION_ENV !== "AWS_Lambda_nodejs22.x") {
    throw namedError("Runtime.CallbackHandlerDeprecated", CALLBACK_REMOVED);
  }
  return (event, context) =>
    new Promise((resolve, reject) => {
      const callback = (error, value) => (error ? reject(error) : resolve(value));
      Promise.resolve(handler(event, context, callback)).then(
        (value) => value !== undefined && resolve(value),
        reject,
      );
    });
}

function makeContext({ requestId, functionArn, deadlineMs, clientContext }) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: functionArn,
    awsRequestId: requestId,
    clientContext,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

const maxMemoryUsedMb = () => Math.ceil(process.resourceUsage().maxRSS / 1024);

let invoking = false;
const answer = (result, done) => {
  invoking = false;
  send({ result: { ...result, maxMemoryUsedMb: maxMemoryUsedMb() } }, done);
};
/** Ends the process for an error outside the handler's promise, which fails the invocation that runs. */
function die(error, exitCode) {
  const exit = () => process.exit(exitCode);
  if (invoking) answer({ error: describeError(error), exiting: true }, exit);
  else send({ failed: describeError(error) }, exit);
}

process.on("uncaughtException", (error) => {
  logError("Uncaught Exception", error);
  die(error, 129);
});
process.on("unhandledRejection", (reason) => {
  const error = namedError("Runtime.UnhandledPromiseRejection", String(reason));
  logError("Unhandled Promise Rejection", error);
  die(error, 128);
});

async function invoke(handler, { payload, ...invocation }) {
  invoking = true;
  try {
    const value = await handler(JSON.parse(payload), makeContext(invocation));
    const text = JSON.stringify(value === undefined ? null : value);
    if (text === undefined) {
      throw namedError("Runtime.MarshalError", "The function's answer cannot be written as JSON");
    }
    answer({ payload: text });
  } catch (error) {
    logError("Invoke Error", error);
    answer({ error: describeError(error) });
  }
}

loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER).then(
  (handler) => {
    process.on("message", (message) => invoke(handler, message.invoke));
    send({ ready: true });
  },
  (error) => {
    logError("Uncaught Exception", error);
    die(error, 1);
  },
);
