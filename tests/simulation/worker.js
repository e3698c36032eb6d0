// A thread is started from JavaScript: it registers what compiles the rest.
require("ts-node/register/transpile-only");
const { workerData } = require("node:worker_threads");
if (workerData.mutation) require("./mutate.ts").loadMutated(workerData.mutation);
require("./worker.ts");
