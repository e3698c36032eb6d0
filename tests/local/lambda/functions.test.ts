import {
  AddPermissionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  InvokeCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { archive, ROLE, type ServedLambda, serveLambda } from "./support";

const SOURCE = "exports.handler = async () => process.env.BUCKET ?? 'none';";

describe("local Lambda: functions", () => {
  let cloud: ServedLambda;
  beforeEach(async () => {
    cloud = await serveLambda();
  });
  afterEach(() => cloud.close());

  it("describes a function with Lambda's defaults", async () => {
    await cloud.create("archiver", SOURCE, { Timeout: undefined, Tags: { stack: "derby" } });

    const found = await cloud.client.send(new GetFunctionCommand({ FunctionName: "archiver" }));

    expect(found.Configuration).to.deep.include({
      FunctionName: "archiver",
      FunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:archiver",
      Runtime: "nodejs24.x",
      Role: ROLE,
      Handler: "index.handler",
      Timeout: 3,
      MemorySize: 128,
      State: "Active",
      LastUpdateStatus: "Successful",
      Version: "$LATEST",
      Architectures: ["x86_64"],
      EphemeralStorage: { Size: 512 },
      LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/archiver" },
    });
    expect(found.Configuration?.CodeSha256).to.match(/^[A-Za-z0-9+/]{43}=$/);
    expect(found.Tags).to.deep.equal({ stack: "derby" });
  });

  it("finds a function by its name, its partial ARN and its ARN", async () => {
    const { FunctionArn } = await cloud.create("archiver", SOURCE);

    const names = ["archiver", "123456789012:function:archiver", FunctionArn, `${FunctionArn}:$LATEST`];
    const found = await Promise.all(
      names.map((name) => cloud.client.send(new GetFunctionConfigurationCommand({ FunctionName: name }))),
    );

    expect(found.map(({ FunctionName }) => FunctionName)).to.deep.equal(names.map(() => "archiver"));
  });

  for (const [title, more, name, message] of [
    ["an old runtime", { Runtime: "nodejs18.x" }, "InvalidParameterValueException", /nodejs18\.x/],
    ["a container image", { PackageType: "Image" }, "InvalidParameterValueException", /PackageType/],
    [
      "a layer",
      { Layers: ["arn:aws:lambda:us-east-1:1:layer:a:1"] },
      "InvalidParameterValueException",
      /Layers/,
    ],
    ["a timeout of 901 seconds", { Timeout: 901 }, "ValidationException", /timeout/],
    ["memory of 64 MB", { MemorySize: 64 }, "ValidationException", /memorySize/],
    [
      "a variable that Lambda sets itself",
      { Environment: { Variables: { AWS_REGION: "eu-west-1" } } },
      "InvalidParameterValueException",
      /Reserved keys used in this request: AWS_REGION/,
    ],
    [
      "more than 4 KB of variables",
      { Environment: { Variables: { LONG: "x".repeat(4096) } } },
      "InvalidParameterValueException",
      /exceeded the 4KB limit/,
    ],
    [
      "code that is no zip archive",
      { Code: { ZipFile: Buffer.from("exports.handler") } },
      "InvalidParameterValueException",
      /Could not unzip uploaded file/,
    ],
    [
      "an archive that leaves its folder",
      { Code: { ZipFile: archive({ "../outside.js": "" }) } },
      "InvalidParameterValueException",
      /outside\.js leaves its folder/,
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const error = await refusalOf(cloud.create("wrong", SOURCE, more as object));

      expect(error.name).to.equal(name);
      expect(error.message).to.match(message);
    });
  }

  it("refuses a second function of the same name", async () => {
    await cloud.create("archiver", SOURCE);

    const error = await refusalOf(cloud.create("archiver", SOURCE));

    expect(error.name).to.equal("ResourceConflictException");
  });

  it("serves a changed configuration in a new sandbox", async () => {
    await cloud.create("archiver", SOURCE);
    const ask = async () => {
      const { Payload } = await cloud.client.send(new InvokeCommand({ FunctionName: "archiver" }));
      return Buffer.from(Payload ?? []).toString();
    };
    const before = await ask();

    const changed = await cloud.client.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: "archiver",
        Environment: { Variables: { BUCKET: "clips" } },
        Timeout: 60,
      }),
    );
    const after = await ask();

    expect([before, after]).to.deep.equal(['"none"', '"clips"']);
    expect(changed).to.deep.include({ Timeout: 60, MemorySize: 128, Handler: "index.handler" });
  });

  it("refuses a change made against an older revision", async () => {
    const { RevisionId } = await cloud.create("archiver", SOURCE);
    const ZipFile = archive({ "index.js": "exports.handler = async () => 2;" });
    await cloud.client.send(new UpdateFunctionCodeCommand({ FunctionName: "archiver", ZipFile, RevisionId }));

    const error = await refusalOf(
      cloud.client.send(new UpdateFunctionCodeCommand({ FunctionName: "archiver", ZipFile, RevisionId })),
    );

    expect(error.name).to.equal("PreconditionFailedException");
  });

  it("lists functions in pages, and the one version of each", async () => {
    for (const name of ["c", "a", "b"]) await cloud.create(name, SOURCE);

    const first = await cloud.client.send(new ListFunctionsCommand({ MaxItems: 2 }));
    const second = await cloud.client.send(new ListFunctionsCommand({ Marker: first.NextMarker }));
    const versions = await cloud.client.send(new ListVersionsByFunctionCommand({ FunctionName: "a" }));

    expect(first.Functions?.map(({ FunctionName }) => FunctionName)).to.deep.equal(["a", "b"]);
    expect(second.Functions?.map(({ FunctionName }) => FunctionName)).to.deep.equal(["c"]);
    expect(versions.Versions?.map(({ Version }) => Version)).to.deep.equal(["$LATEST"]);
  });

  it("knows no function of a name that objects have a member of, and takes it for a new one", async () => {
    const absent = await refusalOf(cloud.client.send(new InvokeCommand({ FunctionName: "constructor" })));
    const { FunctionName } = await cloud.create("constructor", SOURCE);

    expect(absent.name).to.equal("ResourceNotFoundException");
    expect(FunctionName).to.equal("constructor");
  });

  it("forgets a function that was deleted", async () => {
    await cloud.create("archiver", SOURCE);

    await cloud.client.send(new DeleteFunctionCommand({ FunctionName: "archiver" }));

    const error = await refusalOf(cloud.client.send(new InvokeCommand({ FunctionName: "archiver" })));
    expect(error.name).to.equal("ResourceNotFoundException");
  });

  it("writes permissions as statements of the function's policy", async () => {
    const { FunctionArn } = await cloud.create("archiver", SOURCE);
    const SourceArn = "arn:aws:events:us-east-1:123456789012:rule/alarms";

    await cloud.client.send(
      new AddPermissionCommand({
        FunctionName: "archiver",
        StatementId: "rule",
        Action: "lambda:InvokeFunction",
        Principal: "events.amazonaws.com",
        SourceArn,
      }),
    );
    const { Policy } = await cloud.client.send(new GetPolicyCommand({ FunctionName: "archiver" }));
    await cloud.client.send(new RemovePermissionCommand({ FunctionName: "archiver", StatementId: "rule" }));
    const none = await refusalOf(cloud.client.send(new GetPolicyCommand({ FunctionName: "archiver" })));

    expect(JSON.parse(Policy ?? "").Statement).to.deep.equal([
      {
        Sid: "rule",
        Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" },
        Action: "lambda:InvokeFunction",
        Resource: FunctionArn,
        Condition: { ArnLike: { "AWS:SourceArn": SourceArn } },
      },
    ]);
    expect(none.name).to.equal("ResourceNotFoundException");
  });

  it("keeps tags", async () => {
    const { FunctionArn: Resource } = await cloud.create("archiver", SOURCE);

    await cloud.client.send(new TagResourceCommand({ Resource, Tags: { stack: "derby", a: "1", b: "2" } }));
    await cloud.client.send(new UntagResourceCommand({ Resource, TagKeys: ["a", "b"] }));

    const { Tags } = await cloud.client.send(new ListTagsCommand({ Resource }));
    expect(Tags).to.deep.equal({ stack: "derby" });
  });
});
