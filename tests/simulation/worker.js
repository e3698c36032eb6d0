// A thread is started from JavaScript: it registers what compiles the rest.
require("ts-node/register/transpile-only");
require("./worker.ts");
