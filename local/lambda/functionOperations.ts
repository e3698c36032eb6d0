import { randomUUID } from "node:crypto";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { Call, CloudDeps } from "../core/service";
import { codeFolder, deployCode, removeCode } from "./code";
import {
  type Functions,
  findFunction,
  functionArn,
  functionNeed,
  type LambdaFunction,
  openFunction,
  readFunctionName,
} from "./functions";
import type { RoleChecks } from "./roleChecks";
import { describeConfiguration, invalid, readSettings, refuseUnknown, type SettingsInput } from "./settings";
import { readTags } from "./tags";

interface NamedInput {
  FunctionName?: string;
  Qualifier?: string;
}

interface CodeInput extends NamedInput {
  ZipFile?: string;
  Publish?: boolean;
  DryRun?: boolean;
  RevisionId?: string;
  Architectures?: string[];
}

interface CreateInput extends SettingsInput {
  Code?: { ZipFile?: string };
  Publish?: boolean;
  PackageType?: string;
  Architectures?: string[];
  Tags?: Record<string, string>;
  SnapStart?: { ApplyOn?: string };
}

const CREATE_MEMBERS = ["Code", "PackageType", "Architectures", "Tags", "SnapStart"];
const CODE_MEMBERS = ["FunctionName", "ZipFile", "DryRun", "RevisionId", "Architectures"];
const DEFAULT_PAGE_SIZE = 50;

/** Whether a role's trust policy lets an AWS service take it on, on behalf of a resource. */
export type Trusts = (roleArn: string, servicePrincipal: string, sourceArn: string) => Promise<boolean>;

/** The operations that make, change, describe and remove functions. */
export function makeFunctionOperations(options: {
  deps: CloudDeps;
  functions: Functions;
  codeRoot: string;
  trusts?: Trusts;
  checkSettings: RoleChecks["checkSettings"];
  /** Called after a function changed or went, so that no sandbox serves what was. */
  onChange: (functionName: string) => Promise<void>;
}) {
  const { deps, functions, codeRoot, trusts = async () => true, checkSettings, onChange } = options;

  const open = (action: string, input: NamedInput, call: Call) => openFunction(options, action, input, call);
  const passRole = async (role: string, name: string, call: Call) => {
    const context = { "iam:PassedToService": "lambda.amazonaws.com" };
    await call.authorize({ action: "iam:PassRole", resource: role, context });
    if (await trusts(role, "lambda.amazonaws.com", functionArn(deps, name))) return;
    throw invalid("The role defined for the function cannot be assumed by Lambda.");
  };
  const change = async (lambdaFunction: LambdaFunction) => {
    const changed = {
      ...lambdaFunction,
      lastModifiedMs: deps.clock.nowMs(),
      revisionId: randomUUID(),
    };
    functions.value[changed.name] = changed;
    functions.save();
    await onChange(changed.name);
    return changed;
  };

  return {
    async CreateFunction(input: CreateInput, call: Call) {
      const name = readFunctionName(input.FunctionName);
      const { Role: role, Handler: handler, Runtime: runtime } = input;
      if (!role || !handler || !runtime) throw invalid("Role, Handler and Runtime are required");
      await call.authorize(functionNeed(functions, deps, "CreateFunction", name));
      await passRole(role, name, call);
      if (input.PackageType && input.PackageType !== "Zip") throw invalid("PackageType must be Zip here");
      if (input.SnapStart?.ApplyOn && input.SnapStart.ApplyOn !== "None") {
        throw invalid("SnapStart is not supported on this machine; leave it out");
      }
      if (entryOf(functions.value, name))
        throw awsError("ResourceConflictException", 409, `Function already exist: ${name}`);
      const settings = readSettings(
        input,
        {
          runtime: "nodejs24.x",
          role,
          handler,
          description: "",
          timeoutSeconds: 3,
          memoryMb: 128,
          ephemeralStorageMb: 512,
          variables: {},
          tracingMode: "PassThrough",
          logGroupName: `/aws/lambda/${name}`,
        },
        (member) => CREATE_MEMBERS.includes(member),
      );
      await checkSettings(settings, name, call);
      const tags = readTags(input.Tags ?? {});
      const architecture = readArchitecture(input.Architectures) ?? "x86_64";
      const code = deployCode(codeRoot, name, input.Code?.ZipFile);
      const created = await change({
        ...settings,
        ...code,
        name,
        arn: functionArn(deps, name),
        architecture,
        tags,
        permissions: [],
        lastModifiedMs: 0,
        revisionId: "",
      });
      return describeConfiguration(created);
    },

    async GetFunction(input: NamedInput, call: Call) {
      const found = await open("GetFunction", input, call);
      const folder = codeFolder(codeRoot, found.name, found.codeSha256);
      return {
        Configuration: describeConfiguration(found),
        // AWS answers a link to the archive; here the code lies unpacked on the same machine.
        Code: { RepositoryType: "FileSystem", Location: pathToFileURL(folder + path.sep).href },
        Tags: found.tags,
        ...(found.reservedConcurrency === undefined
          ? {}
          : { Concurrency: { ReservedConcurrentExecutions: found.reservedConcurrency } }),
      };
    },

    async GetFunctionConfiguration(input: NamedInput, call: Call) {
      return describeConfiguration(await open("GetFunctionConfiguration", input, call));
    },

    async UpdateFunctionCode(input: CodeInput, call: Call) {
      const found = await open("UpdateFunctionCode", input, call);
      refuseUnknown(input, (member) => CODE_MEMBERS.includes(member));
      checkRevision(found, input.RevisionId);
      const architecture = readArchitecture(input.Architectures) ?? found.architecture;
      const code = deployCode(codeRoot, found.name, input.ZipFile);
      if (input.DryRun) return describeConfiguration({ ...found, ...code, architecture });
      return describeConfiguration(await change({ ...found, ...code, architecture }));
    },

    async UpdateFunctionConfiguration(input: SettingsInput & { RevisionId?: string }, call: Call) {
      const found = await open("UpdateFunctionConfiguration", input, call);
      if (input.Role && input.Role !== found.role) await passRole(input.Role, found.name, call);
      checkRevision(found, input.RevisionId);
      const settings = readSettings(input, found, (member) => member === "RevisionId");
      await checkSettings(settings, found.name, call);
      return describeConfiguration(await change({ ...found, ...settings }));
    },

    async DeleteFunction(input: NamedInput, call: Call) {
      const { name } = await open("DeleteFunction", input, call);
      delete functions.value[name];
      functions.save();
      await onChange(name);
      removeCode(codeRoot, name);
      return undefined;
    },

    async ListFunctions(input: { Marker?: string; MaxItems?: string | number }, call: Call) {
      await call.authorize({ action: "lambda:ListFunctions", resource: "*" });
      const pageSize = Math.min(Number(input.MaxItems ?? DEFAULT_PAGE_SIZE), DEFAULT_PAGE_SIZE);
      const names = Object.keys(functions.value).sort();
      const rest = names.filter((name) => name > (input.Marker ?? ""));
      const page = rest.slice(0, pageSize);
      return {
        Functions: page.map((name) => describeConfiguration(findFunction(functions, deps, name))),
        ...(rest.length > page.length ? { NextMarker: page.at(-1) } : {}),
      };
    },

    async ListVersionsByFunction(input: NamedInput, call: Call) {
      return { Versions: [describeConfiguration(await open("ListVersionsByFunction", input, call))] };
    },

    /** No function has one here, which is also what AWS answers for a function without code signing. */
    async GetFunctionCodeSigningConfig(input: NamedInput, call: Call) {
      const { name } = await open("GetFunctionCodeSigningConfig", input, call);
      return { FunctionName: name };
    },
  };
}

function checkRevision(found: LambdaFunction, revisionId: string | undefined) {
  if (!revisionId || revisionId === found.revisionId) return;
  throw awsError(
    "PreconditionFailedException",
    412,
    "The RevisionId provided does not match the latest RevisionId. Call the GetFunction API to retrieve the latest.",
  );
}

function readArchitecture(architectures: string[] | undefined): LambdaFunction["architecture"] | undefined {
  if (!architectures) return undefined;
  const [architecture] = architectures;
  if (architectures.length === 1 && (architecture === "x86_64" || architecture === "arm64"))
    return architecture;
  throw invalid(`Architectures is ${JSON.stringify(architectures)}; write ["x86_64"] or ["arm64"]`);
}
