import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Resource } from "./lifecycle";
import { toStruct } from "./wire";

/** An error after which a resource is there, but not as it should be. */
interface Unfinished extends Error {
  resource: Resource;
}

/** Tells the engine to keep a resource in its state that failed half-way: the next update finishes it. */
export const unfinished = (error: Error, resource: Resource): Unfinished =>
  Object.assign(new Error(tell(error), { cause: error }), { resource });

/** An error as the engine shows it: AWS's code and message, in one line. */
export function statusOf(error: Error): grpc.ServiceError {
  const message = tell(error);
  const metadata = new grpc.Metadata();
  if ("resource" in error) {
    const { id, properties } = (error as Unfinished).resource;
    const failed = new ErrorResourceInitFailed().setId(id).setProperties(toStruct(properties));
    failed.setInputs(toStruct(properties)).setReasonsList([message]);
    const detail = new Any();
    detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(message).setDetailsList([detail]);
    // gRPC's name for errors with details; the library for Node does not fill it.
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return Object.assign(new Error(message), { code: grpc.status.UNKNOWN, details: message, metadata });
}

function tell(error: Error): string {
  const { code, address, port } = error as Error & { code?: string; address?: string; port?: number };
  if (code === "ECONNREFUSED") {
    return `no local cloud answers at http://${address}:${port}; start one with npm run local -- --port ${port}`;
  }
  return error.name === "Error" || error.message.startsWith(error.name)
    ? error.message
    : `${error.name}: ${error.message}`;
}
