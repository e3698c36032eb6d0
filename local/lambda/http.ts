import type { ServerResponse } from "node:http";
import { matchPath, type Route, restJsonService } from "../core/protocols";
import type { Call, HttpRequest, HttpService, Operation, Operations } from "../core/service";
import type { InvokeInput, InvokeOutput } from "./invokeOperation";

/** An archive of 50 MB in base64, and the JSON around it. */
const MAX_BODY_BYTES = 72 * 1024 * 1024;
const FUNCTIONS = "/2015-03-31/functions";
const FUNCTION = "/functions/{FunctionName}";

/** Method, path, operation and status of success, as the API pages have them. */
const ROUTES: [method: string, path: string, operation: string, statusCode?: number][] = [
  ["POST", FUNCTIONS, "CreateFunction", 201],
  ["GET", FUNCTIONS, "ListFunctions"],
  ["GET", `/2015-03-31${FUNCTION}`, "GetFunction"],
  ["DELETE", `/2015-03-31${FUNCTION}`, "DeleteFunction", 204],
  ["GET", `/2015-03-31${FUNCTION}/configuration`, "GetFunctionConfiguration"],
  ["PUT", `/2015-03-31${FUNCTION}/configuration`, "UpdateFunctionConfiguration"],
  ["PUT", `/2015-03-31${FUNCTION}/code`, "UpdateFunctionCode"],
  ["GET", `/2015-03-31${FUNCTION}/versions`, "ListVersionsByFunction"],
  ["POST", `/2015-03-31${FUNCTION}/policy`, "AddPermission", 201],
  ["GET", `/2015-03-31${FUNCTION}/policy`, "GetPolicy"],
  ["DELETE", `/2015-03-31${FUNCTION}/policy/{StatementId}`, "RemovePermission", 204],
  ["PUT", `/2017-10-31${FUNCTION}/concurrency`, "PutFunctionConcurrency"],
  ["DELETE", `/2017-10-31${FUNCTION}/concurrency`, "DeleteFunctionConcurrency", 204],
  ["GET", `/2019-09-30${FUNCTION}/concurrency`, "GetFunctionConcurrency"],
  ["GET", `/2020-06-30${FUNCTION}/code-signing-config`, "GetFunctionCodeSigningConfig"],
  ["GET", "/2017-03-31/tags/{Resource}", "ListTags"],
  ["POST", "/2017-03-31/tags/{Resource}", "TagResource", 204],
];

/** Serves the Lambda API. Invoke and UntagResource carry what plain routes do not: headers, a raw body, repeated keys. */
export function makeLambdaHttp(operations: Operations): HttpService {
  const named = (name: string) => operations[name] as Operation;
  const routes = ROUTES.map(
    ([method, path, name, statusCode]): Route => ({ method, path, statusCode, operation: named(name) }),
  );

  async function handleRaw(request: HttpRequest, response: ServerResponse, call: Call): Promise<boolean> {
    const invoke = matchPath(`/2015-03-31${FUNCTION}/invocations`, request.path);
    if (invoke && request.method === "POST") {
      const input = readInvoke(request, invoke.FunctionName);
      writeInvoke(response, (await named("Invoke")(input as never, call)) as InvokeOutput, call);
      return true;
    }
    const untag = matchPath("/2017-03-31/tags/{Resource}", request.path);
    if (untag && request.method === "DELETE") {
      const input = { Resource: untag.Resource, TagKeys: request.query.getAll("tagKeys") };
      await named("UntagResource")(input as never, call);
      response.writeHead(204, { "x-amzn-requestid": call.requestId }).end();
      return true;
    }
    return false;
  }

  return { ...restJsonService({ signingName: "lambda", routes, handleRaw }), maxBodyBytes: MAX_BODY_BYTES };
}

function readInvoke({ headers, query, body }: HttpRequest, functionName: string | undefined): InvokeInput {
  const header = (name: string) => headers[name]?.toString();
  return {
    FunctionName: functionName,
    Qualifier: query.get("Qualifier") ?? undefined,
    InvocationType: header("x-amz-invocation-type"),
    LogType: header("x-amz-log-type"),
    ClientContext: header("x-amz-client-context"),
    DurableExecutionName: header("x-amz-durable-execution-name"),
    TenantId: header("x-amz-tenant-id"),
    Payload: body,
  };
}

function writeInvoke(response: ServerResponse, output: InvokeOutput, call: Call) {
  response.writeHead(output.StatusCode, {
    "content-type": "application/json",
    "x-amzn-requestid": call.requestId,
    "x-amz-executed-version": output.ExecutedVersion,
    ...(output.FunctionError ? { "x-amz-function-error": output.FunctionError } : {}),
    ...(output.LogResult ? { "x-amz-log-result": output.LogResult } : {}),
  });
  response.end(output.Payload);
}
