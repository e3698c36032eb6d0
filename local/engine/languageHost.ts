import { spawn } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import { version } from "@pulumi/pulumi/package.json";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";

/** The program has told the engine of its error already (cmd/run of @pulumi/pulumi). */
const EXIT_LOGGED = 32;

/**
 * Runs Pulumi programs in Node for the engine, in the place of the vendor's `pulumi-language-nodejs`, which comes with the
 * vendor's download only. It asks for no plugins: those of the vendor are not wanted on a local cloud.
 * @param engineAddress as the engine gives it to its plugins
 * @returns the port that it listens on
 */
export function serveLanguageHost(engineAddress: string): Promise<number> {
  const server = new grpc.Server();
  server.addService(LanguageRuntimeService as unknown as grpc.ServiceDefinition, {
    getPluginInfo: answer(() => new PluginInfo().setVersion(version)),
    getRequiredPackages: answer(() => new messages.GetRequiredPackagesResponse()),
    getRequiredPlugins: answer(() => new messages.GetRequiredPluginsResponse()),
    run: (
      { request }: { request: messages.RunRequest },
      callback: grpc.sendUnaryData<messages.RunResponse>,
    ) => {
      const program = spawn(process.execPath, argumentsFor(request, engineAddress), {
        cwd: request.getPwd(),
        stdio: ["ignore", "inherit", "inherit"],
        env: {
          ...process.env,
          PULUMI_NODEJS_TYPESCRIPT: "true",
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        },
      });
      program.on("error", (error) => callback(error));
      program.on("exit", (code, signal) => {
        const response = new messages.RunResponse().setBail(code === EXIT_LOGGED);
        if (code !== 0 && code !== EXIT_LOGGED) response.setError(`the program ended with ${code ?? signal}`);
        callback(null, response);
      });
    },
  });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

const answer =
  <Response>(make: () => Response): grpc.handleUnaryCall<unknown, Response> =>
  (_call, callback) =>
    callback(null, make());

/** The command line of the SDK's own runner. */
function argumentsFor(request: messages.RunRequest, engineAddress: string): string[] {
  const info = request.getInfo();
  const options = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    project: request.getProject(),
    stack: request.getStack(),
    organization: request.getOrganization(),
    pwd: request.getPwd(),
    "root-directory": info?.getRootDirectory() ?? request.getPwd(),
    parallel: request.getParallel(),
  };
  const runner = require.resolve("@pulumi/pulumi/cmd/run", { paths: [request.getPwd()] });
  return [
    runner,
    ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() ?? request.getProgram(),
    ...request.getArgsList(),
  ];
}
