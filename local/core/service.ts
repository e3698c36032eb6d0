import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "./clock";
import type { Store } from "./store";

/** Who makes a call: the account's owner, an IAM user, a role's session, an AWS service on its own behalf, or nobody known. */
export interface Caller {
  kind: "owner" | "user" | "role" | "service" | "anonymous";
  /** The owner's, the user's or the session's ARN; for a service its principal, such as `events.amazonaws.com`. */
  arn: string;
  /** The role behind a session. */
  roleArn?: string;
  /** Condition keys that a session brings, such as its tags (`aws:PrincipalTag/stream`). */
  sessionContext?: Record<string, string | string[]>;
  accountId: string;
}

/** One permission that a call needs. */
export interface Need {
  /** As policies write it: `kinesisvideo:GetClip`. */
  action: string;
  /** The ARN acted on, `*` where the action has no resource. */
  resource: string;
  /** Condition keys and their values, such as `{"aws:ResourceTag/stream": "gate"}`. */
  context?: Record<string, string | string[]>;
  /** The resource's own policy document (bucket, queue, function), if it has one. */
  resourcePolicy?: object;
}

/** What an operation knows of the call it serves. */
export interface Call {
  caller: Caller;
  /** The key that signed the request; calls made inside the cloud have none. */
  accessKeyId?: string;
  region: string;
  accountId: string;
  requestId: string;
  /** How far a read is to lag behind, item by item, where a fault asks for it. */
  lagMs?: (item: string) => number;
  /** Resolves when IAM allows every need; rejects with AccessDeniedException (403) otherwise. */
  authorize(...needs: Need[]): Promise<void>;
}

/**
 * One operation of a service, under the name of its API page: decoded input in, output structure out. Timestamps in
 * outputs are `Date`s; each protocol writes them its own way. `never` lets a table hold operations of any input type.
 */
export type Operation = (input: never, call: Call) => Promise<object | undefined>;

/** Operations by API name, such as `DescribeAlarms`. */
export type Operations = Record<string, Operation>;

/** A request as the HTTP server hands it to a service. */
export interface HttpRequest {
  method: string;
  /** Still percent-encoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The whole body; empty when the service asked for the stream. */
  body: Buffer;
  /** The request itself, for services that stream. */
  stream: IncomingMessage;
}

/** A service behind the one endpoint, chosen by the name in the signature's scope. */
export interface HttpService {
  /** The SigV4 signing name: `kinesisvideo`, `s3`, `monitoring`, `states`, `events`, `lambda`, `sqs`, `logs`, `iam`, `sts`. */
  signingName: string;
  /** Most bytes of a body that is read before the call; more is refused with 413. */
  maxBodyBytes: number;
  /** Whether this request's body is to be left unread for `handle` (uploads). */
  streams(request: { method: string; path: string; headers: IncomingHttpHeaders }): boolean;
  /** Whether an unsigned request is this service's, as those by which people sign in are; without it none is. */
  takesUnsigned?(request: HttpRequest): boolean;
  /** Serves one authenticated request. What it throws is answered through `writeError`. */
  handle(request: HttpRequest, response: ServerResponse, call: Call): Promise<void>;
  /** Answers an error in the service's own shape. */
  writeError(response: ServerResponse, error: unknown, requestId: string): void;
}

/** What every service of the local cloud is made with. */
export interface CloudDeps {
  clock: Clock;
  store: Store;
  region: string;
  accountId: string;
  /** Lets every call of a service's operations pass through the faults of this cloud; without it there are none. */
  guard?: <T extends Operations>(service: string, operations: T) => T;
  /** The endpoint's URL; known once the server listens, so ask when serving, not when making. */
  endpointUrl(): string;
}

/** The operations of a service behind the faults of its cloud, if it has some. */
export function guarded<T extends Operations>(
  { guard }: Pick<CloudDeps, "guard">,
  service: string,
  operations: T,
): T {
  return guard?.(service, operations) ?? operations;
}
