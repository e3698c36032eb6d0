import * as grpc from "@grpc/grpc-js";
import { version } from "@pulumi/aws/package.json";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type Clients, makeClients } from "./clients";
import type { Resource } from "./lifecycle";
import { check, create, diff, read, remove, update } from "./lifecycle";
import { clientConfigOf } from "./pluginConfig";
import { statusOf, unfinished } from "./pluginErrors";
import { invokes } from "./table";
import { fromStruct, plainProperties, toStruct } from "./wire";

/**
 * The table of resource types as a provider plugin of Pulumi's engine: `pulumirpc.ResourceProvider` on a free port of
 * loopback. The engine runs it as `pulumi-resource-aws`, in the place of the vendor's, when it finds it on the PATH
 * (facts: pkg/workspace/plugins.go of pulumi/pulumi). The SDK's own server for providers written in Node hands over
 * neither the provider's configuration nor a resource's old inputs, so the protocol is spoken here.
 * @returns the port
 */
export function servePlugin(): Promise<number> {
  let configured: Clients | undefined;
  const clients = () => {
    if (!configured) throw new Error("the provider was not configured");
    return configured;
  };

  const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
  server.addService(ResourceProviderService as unknown as grpc.ServiceDefinition, {
    getPluginInfo: unary(async () => new PluginInfo().setVersion(version)),
    cancel: unary(async () => new Empty()),
    attach: unary(async () => new Empty()),

    configure: unary(async (request: messages.ConfigureRequest) => {
      configured = makeClients(clientConfigOf(fromStruct(request.getArgs()), process.env));
      // Secrets and references to resources are not accepted: the engine then opens them, and closes what comes back.
      return new messages.ConfigureResponse().setSupportspreview(true);
    }),

    check: unary(async (request: messages.CheckRequest) => {
      const [type, name] = [request.getType(), request.getName()];
      const inputs = check(type, name, fromStruct(request.getNews()), fromStruct(request.getOlds()));
      return new messages.CheckResponse().setInputs(toStruct(inputs));
    }),

    diff: unary(async (request: messages.DiffRequest) => {
      const olds = plainProperties(fromStruct(request.getOldInputs()));
      const news = plainProperties(fromStruct(request.getNews()));
      const ignored = request.getIgnorechangesList();
      const found = diff(request.getType(), olds, news);
      const changed = found.changed.filter((key) => !ignored.includes(key));
      const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
      return new messages.DiffResponse()
        .setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE)
        .setDiffsList(changed)
        .setReplacesList(found.replaces.filter((key) => changed.includes(key)))
        .setDeletebeforereplace(found.deleteBeforeReplace);
    }),

    create: unary(async (request: messages.CreateRequest) => {
      const given = fromStruct(request.getProperties());
      // What only the service can say is left out, which makes it unknown to the rest of a preview.
      if (request.getPreview()) return new messages.CreateResponse().setProperties(toStruct(given));
      let begun: Resource | undefined;
      const note = (resource: Resource) => {
        begun = resource;
      };
      const made = await create(request.getType(), plainProperties(given), clients(), note).catch(
        (error: Error) => {
          throw begun ? unfinished(error, begun) : error;
        },
      );
      return new messages.CreateResponse().setId(made.id).setProperties(toStruct(made.properties));
    }),

    read: unary(async (request: messages.ReadRequest) => {
      const resource = { id: request.getId(), properties: fromStruct(request.getProperties()) };
      const inputs = plainProperties(fromStruct(request.getInputs()));
      const found = await read(request.getType(), resource, inputs, clients());
      const response = new messages.ReadResponse();
      // An empty ID says that it is gone.
      if (!found) return response;
      return response
        .setId(resource.id)
        .setProperties(toStruct(found.properties))
        .setInputs(toStruct({ ...fromStruct(request.getInputs()), ...found.inputs }));
    }),

    update: unary(async (request: messages.UpdateRequest) => {
      const properties = fromStruct(request.getOlds());
      const news = fromStruct(request.getNews());
      const response = new messages.UpdateResponse();
      if (request.getPreview()) return response.setProperties(toStruct({ ...properties, ...news }));
      const resource = { id: request.getId(), properties };
      const olds = plainProperties(fromStruct(request.getOldInputs()));
      const updated = await update(request.getType(), resource, olds, plainProperties(news), clients());
      return response.setProperties(toStruct(updated));
    }),

    delete: unary(async (request: messages.DeleteRequest) => {
      const resource = { id: request.getId(), properties: fromStruct(request.getProperties()) };
      await remove(request.getType(), resource, clients());
      return new Empty();
    }),

    invoke: unary(async (request: messages.InvokeRequest) => {
      const invoke = invokes[request.getTok()];
      if (!invoke) throw new Error(`the local cloud does not know the function ${request.getTok()}`);
      const answer = await invoke(clients(), plainProperties(fromStruct(request.getArgs())));
      return new messages.InvokeResponse().setReturn(toStruct(answer));
    }),
  });

  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

/** A method of the protocol: one message in, one out. */
const unary =
  <Request, Response>(
    work: (request: Request) => Promise<Response>,
  ): grpc.handleUnaryCall<Request, Response> =>
  ({ request }, callback) => {
    work(request).then(
      (response) => callback(null, response),
      (error: Error) => callback(statusOf(error)),
    );
  };
