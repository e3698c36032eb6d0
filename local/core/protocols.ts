import type { ServerResponse } from "node:http";
import { XMLBuilder } from "fast-xml-parser";
import { entryOf } from "./entryOf";
import { type AwsError, awsError, isAwsError } from "./errors";
import type { Call, HttpRequest, HttpService, Operation, Operations } from "./service";

const MEBIBYTE = 1024 * 1024;

/** An error that a service did not mean to answer is told on the console and becomes the service's 500. */
export function toAwsError(error: unknown): AwsError {
  if (isAwsError(error)) return error;
  console.error("local cloud: internal failure:", error);
  return awsError("InternalFailure", 500, error instanceof Error ? error.message : String(error));
}

/** JSON with timestamps as epoch seconds, which is how the AWS JSON protocols write them. */
export function encodeJson(output: unknown): string {
  return JSON.stringify(output, function (this: Record<string, unknown>, key: string, value: unknown) {
    const raw = this[key];
    return raw instanceof Date ? raw.getTime() / 1000 : value;
  });
}

/** Whose fault an error is, as the Query protocol says it. */
const faultOf = (error: AwsError) => (error.statusCode < 500 ? "Sender" : "Receiver");

function decodeJson(body: Buffer): object {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString("utf8")) as object;
  } catch {
    throw awsError("SerializationException", 400, "The body is not JSON");
  }
}

const run = (operation: Operation, input: object, call: Call) => operation(input as never, call);

/**
 * A service of the AWS JSON protocol (1.0 or 1.1): `X-Amz-Target: PREFIX.Operation`, JSON both ways. With `xmlNamespace`
 * it also answers the older Query protocol, which other generations of the same clients still speak.
 */
export function jsonService(options: {
  signingName: string;
  targetPrefix: string;
  version: "1.0" | "1.1";
  operations: Operations;
  xmlNamespace?: string;
  /** Codes of the Query protocol for errors that JSON calls otherwise; clients of services that moved to JSON still see them. */
  queryErrorCodes?: Record<string, string>;
}): HttpService {
  const { signingName, targetPrefix, version, operations, xmlNamespace, queryErrorCodes } = options;
  const contentType = `application/x-amz-json-${version}`;
  const query = xmlNamespace
    ? queryService({ signingName, xmlNamespace, operations, queryErrorCodes })
    : undefined;
  const speaksQuery = new WeakSet<ServerResponse>();
  return {
    signingName,
    maxBodyBytes: 8 * MEBIBYTE,
    streams: () => false,
    async handle(request, response, call) {
      const target = request.headers["x-amz-target"];
      if (query && target === undefined) {
        speaksQuery.add(response);
        return query.handle(request, response, call);
      }
      const name = String(target ?? "").replace(`${targetPrefix}.`, "");
      const operation = entryOf(operations, name);
      if (!operation)
        throw awsError("UnknownOperationException", 400, `${signingName} has no operation ${name} here`);
      const output = (await run(operation, decodeJson(request.body), call)) ?? {};
      response.writeHead(200, { "content-type": contentType, "x-amzn-requestid": call.requestId });
      response.end(encodeJson(output));
    },
    writeError(response, thrown, requestId) {
      if (query && speaksQuery.has(response)) return query.writeError(response, thrown, requestId);
      const error = toAwsError(thrown);
      const queryCode = queryErrorCodes && (queryErrorCodes[error.code] ?? error.code);
      response.writeHead(error.statusCode, {
        "content-type": contentType,
        "x-amzn-requestid": requestId,
        "x-amzn-errortype": error.code,
        ...(queryCode && { "x-amzn-query-error": `${queryCode};${faultOf(error)}` }),
      });
      response.end(
        encodeJson({ __type: error.code, message: error.message, Message: error.message, ...error.detail }),
      );
    },
  };
}

/** A route of a REST-JSON service: `{Name}` in the path stands for one segment, `{Name+}` for the rest. */
export interface Route {
  method: string;
  path: string;
  operation: Operation;
  /** The status of success, 200 unless said. */
  statusCode?: number;
  /** Writes an answer that is not JSON, such as media; resolves when it is written. */
  answer?: (output: object, response: ServerResponse, call: Call) => Promise<void>;
}

/**
 * A service of the REST-JSON protocol. Path parameters and query parameters join the body's members in the input.
 */
export function restJsonService(options: {
  signingName: string;
  routes: Route[];
  streams?: HttpService["streams"];
  /** Serves what routes cannot (uploads, duplex); answers whether it took the request. */
  handleRaw?: (request: HttpRequest, response: ServerResponse, call: Call) => Promise<boolean>;
}): HttpService {
  const { signingName, routes, handleRaw } = options;
  return {
    signingName,
    maxBodyBytes: 8 * MEBIBYTE,
    streams: options.streams ?? (() => false),
    async handle(request, response, call) {
      if (await handleRaw?.(request, response, call)) return;
      for (const route of routes) {
        const parameters = route.method === request.method ? matchPath(route.path, request.path) : undefined;
        if (!parameters) continue;
        const input = { ...decodeJson(request.body), ...Object.fromEntries(request.query), ...parameters };
        const output = (await run(route.operation, input, call)) ?? {};
        if (route.answer) return route.answer(output, response, call);
        response.writeHead(route.statusCode ?? 200, {
          "content-type": "application/json",
          "x-amzn-requestid": call.requestId,
        });
        response.end(route.statusCode === 204 ? undefined : encodeJson(output));
        return;
      }
      throw awsError(
        "UnknownOperationException",
        404,
        `${signingName} has no ${request.method} ${request.path} here`,
      );
    },
    writeError(response, thrown, requestId) {
      const error = toAwsError(thrown);
      response.writeHead(error.statusCode, {
        "content-type": "application/json",
        "x-amzn-requestid": requestId,
        "x-amzn-errortype": error.code,
      });
      response.end(encodeJson({ Message: error.message, message: error.message, ...error.detail }));
    },
  };
}

/** Matches a route's pattern; answers the decoded parameters, or nothing where the path is another. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const names: string[] = [];
  const expression = pattern.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => {
    names.push(name);
    return greedy ? "(.+)" : "([^/]+)";
  });
  const match = new RegExp(`^${expression}/?$`).exec(path);
  if (!match) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? "")]));
}

/**
 * A service of the Query protocol: form fields in (`Dimensions.member.1.Name`), XML out with lists as `member`. Numbers
 * and booleans arrive as strings; operations that also serve JSON must accept both.
 */
export function queryService(options: {
  signingName: string;
  xmlNamespace: string;
  operations: Operations;
  /** Codes of errors that the operations call otherwise. */
  queryErrorCodes?: Record<string, string>;
}): HttpService {
  const { signingName, xmlNamespace, operations, queryErrorCodes = {} } = options;
  return {
    signingName,
    maxBodyBytes: MEBIBYTE,
    streams: () => false,
    async handle(request, response, call) {
      const fields = new URLSearchParams(request.body.toString("utf8"));
      const name = fields.get("Action") ?? "";
      const operation = entryOf(operations, name);
      if (!operation) throw awsError("InvalidAction", 400, `${signingName} has no operation ${name} here`);
      const output = (await run(operation, decodeQuery(fields), call)) ?? {};
      const body = xml({
        [`${name}Response`]: {
          "@xmlns": xmlNamespace,
          [`${name}Result`]: output,
          ResponseMetadata: { RequestId: call.requestId },
        },
      });
      response.writeHead(200, { "content-type": "text/xml", "x-amzn-requestid": call.requestId });
      response.end(body);
    },
    writeError(response, thrown, requestId) {
      const error = toAwsError(thrown);
      const code =
        queryErrorCodes[error.code] ?? error.code.replace(/^AccessDeniedException$/, "AccessDenied");
      const body = xml({
        ErrorResponse: {
          "@xmlns": xmlNamespace,
          Error: { Type: faultOf(error), Code: code, Message: error.message },
          RequestId: requestId,
        },
      });
      response.writeHead(error.statusCode, { "content-type": "text/xml", "x-amzn-requestid": requestId });
      response.end(body);
    },
  };
}

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  suppressEmptyNode: true,
});

/** XML of a Query answer: arrays become `member` lists, Maps `entry` lists, dates ISO 8601, undefined nothing. */
function xml(document: object): string {
  const shape = (value: unknown): unknown => {
    if (value instanceof Date) return value.toISOString();
    if (value instanceof Map) {
      return { entry: [...value].map(([key, member]) => ({ key, value: shape(member) })) };
    }
    if (Array.isArray(value)) return value.length === 0 ? "" : { member: value.map(shape) };
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, shape(member)]])),
    );
  };
  return `<?xml version="1.0" encoding="UTF-8"?>${builder.build(shape(document))}`;
}

/** Turns `A.member.1.B=x` into `{A: [{B: "x"}]}`, `Tags.entry.1.key`/`value` or `.Name`/`.Value` into a map. */
export function decodeQuery(fields: URLSearchParams): Record<string, unknown> {
  type Node = { [key: string]: Node | string };
  const root: Node = {};
  for (const [name, value] of fields) {
    if (name === "Action" || name === "Version") continue;
    const steps = name.split(".");
    let node = root;
    for (const step of steps.slice(0, -1)) {
      const next = node[step];
      const child = typeof next === "object" ? next : (Object.create(null) as Node);
      node[step] = child;
      node = child;
    }
    node[steps.at(-1) as string] = value;
  }
  const shape = (node: Node | string): unknown => {
    if (typeof node === "string") return node;
    if (typeof node.member === "object") {
      const members = Object.entries(node.member).sort(([a], [b]) => Number(a) - Number(b));
      return members.map(([, member]) => shape(member));
    }
    if (typeof node.entry === "object") {
      type Entry = { key?: string; value?: unknown; Name?: string; Value?: unknown };
      const entries = Object.values(node.entry).map((entry) => shape(entry) as Entry);
      return Object.fromEntries(entries.map(({ key, value, Name, Value }) => [key ?? Name, value ?? Value]));
    }
    return Object.fromEntries(Object.entries(node).map(([key, member]) => [key, shape(member)]));
  };
  return shape(root) as Record<string, unknown>;
}
