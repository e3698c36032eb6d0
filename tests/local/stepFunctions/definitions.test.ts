import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { expect } from "chai";
import { refusalOf } from "../../support/refusalOf";
import { invokeState, ROLE, type ServedStepFunctions, serveStepFunctions } from "./support";

const DONE = { Done: { Type: "Succeed" } };

describe("local Step Functions: state machines", () => {
  let cloud: ServedStepFunctions;
  beforeEach(async () => {
    cloud = await serveStepFunctions({});
  });
  afterEach(() => cloud.close());

  const machine = (States: object, more: object = {}) =>
    JSON.stringify({ QueryLanguage: "JSONata", StartAt: Object.keys(States)[0], States, ...more });

  for (const [title, definition, message] of [
    ["text that is no JSON", "{", /not a JSON object/],
    [
      "JSONPath, which is the default",
      machine(DONE, { QueryLanguage: undefined }),
      /use JSONata at \/States\/Done/,
    ],
    ["a transition to nowhere", machine({ A: { Type: "Pass", Next: "B" } }), /MISSING_TRANSITION_TARGET/],
    [
      "an integration that is not here",
      machine({ A: { Type: "Task", Resource: "arn:aws:states:::aws-sdk:s3:getObject", End: true } }),
      /aws-sdk:s3:getObject is not supported here.*at \/States\/A\/Resource/,
    ],
    [
      "a heartbeat",
      machine({ A: invokeState("f", { HeartbeatSeconds: 5, TimeoutSeconds: 10, End: true }) }),
      /HeartbeatSeconds is not supported here/,
    ],
    [
      "an expression that does not parse",
      machine({ A: { Type: "Pass", Output: { n: "{% 1 + %}" }, End: true } }),
      /does not parse.*at \/States\/A\/Output\/n/,
    ],
    [
      "a function without a name",
      machine({ A: invokeState("f", { Arguments: { Payload: 1 }, End: true }) }),
      /"FunctionName" is required/,
    ],
    [
      "an argument that would be ignored",
      machine({
        A: invokeState("f", { Arguments: { FunctionName: "f", InvocationType: "Event" }, End: true }),
      }),
      /"InvocationType" is not supported here/,
    ],
    [
      "States.ALL beside others",
      machine({ A: invokeState("f", { Retry: [{ ErrorEquals: ["States.ALL", "Busy"] }], End: true }) }),
      /States\.ALL must appear alone/,
    ],
    [
      "a distributed map",
      machine({
        A: {
          Type: "Map",
          ItemProcessor: {
            ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
            StartAt: "Done",
            States: DONE,
          },
          End: true,
        },
      }),
      /DISTRIBUTED is not supported here/,
    ],
    [
      "an inner state of the other language",
      machine({
        A: {
          Type: "Parallel",
          Branches: [{ StartAt: "B", States: { B: { Type: "Succeed", QueryLanguage: "JSONPath" } } }],
          End: true,
        },
      }),
      /JSONPath is not supported here.*\/States\/A\/Branches\/0\/States\/B/,
    ],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const error = await refusalOf(
        cloud.client.send(new CreateStateMachineCommand({ name: "wrong", roleArn: ROLE, definition })),
      );

      expect(error.name).to.equal("InvalidDefinition");
      expect(error.message).to.match(message);
    });
  }

  it("takes plain values, empty strings and expressions of several lines as templates", async () => {
    const { value } = await cloud.run("A", {
      A: { Type: "Pass", Assign: { empty: "" }, Output: ["plain", "", 3], Next: "Output" },
      Output: { Type: "Succeed", Output: { sum: "{%\n $states.input[2]\n + 4 %}", empty: "{% $empty %}" } },
    });

    expect(value).to.deep.equal({ sum: 7, empty: "" });
  });

  it("validates a definition without making a machine", async () => {
    const validate = (definition: string) =>
      cloud.client.send(new ValidateStateMachineDefinitionCommand({ definition }));

    const good = await validate(machine(DONE));
    const bad = await validate(machine({ A: { Type: "Pass", InputPath: "$", End: true } }));

    expect(good.result).to.equal("OK");
    expect(bad.result).to.equal("FAIL");
    expect(bad.diagnostics?.[0]).to.include({ severity: "ERROR", code: "SCHEMA_VALIDATION_FAILED" });
  });

  it("answers the same creation again, and refuses another under the same name", async () => {
    const create = (definition: string) =>
      cloud.client.send(new CreateStateMachineCommand({ name: "recorder", roleArn: ROLE, definition }));

    const first = await create(machine(DONE));
    const again = await create(machine(DONE));
    const other = await refusalOf(create(machine({ Other: { Type: "Succeed" } })));

    expect(again).to.deep.include({
      stateMachineArn: first.stateMachineArn,
      creationDate: first.creationDate,
    });
    expect(other.name).to.equal("StateMachineAlreadyExists");
  });

  it("describes, lists, updates and deletes a machine", async () => {
    const stateMachineArn = await cloud.create("Done", DONE);
    const definition = machine({ Other: { Type: "Succeed" } });

    await cloud.client.send(new UpdateStateMachineCommand({ stateMachineArn, definition }));
    const described = await cloud.client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    const listed = await cloud.client.send(new ListStateMachinesCommand({}));
    await cloud.client.send(new DeleteStateMachineCommand({ stateMachineArn }));
    const gone = await refusalOf(cloud.client.send(new DescribeStateMachineCommand({ stateMachineArn })));

    expect(described).to.include({
      name: "machine",
      definition,
      roleArn: ROLE,
      status: "ACTIVE",
      type: "STANDARD",
    });
    expect(listed.stateMachines?.map(({ name }) => name)).to.deep.equal(["machine"]);
    expect(gone.name).to.equal("StateMachineDoesNotExist");
  });

  it("ends the executions of a machine that is deleted", async () => {
    const stateMachineArn = await cloud.create("Wait", { Wait: { Type: "Wait", Seconds: 60, End: true } });
    const executionArn = await cloud.begin(stateMachineArn);

    await cloud.client.send(new DeleteStateMachineCommand({ stateMachineArn }));

    const error = await refusalOf(cloud.describe(executionArn));
    expect(error.name).to.equal("ExecutionDoesNotExist");
    expect(cloud.published.at(-1)?.detail).to.include({ status: "ABORTED" });
  });

  it("keeps tags", async () => {
    const resourceArn = await cloud.create("Done", DONE);

    await cloud.client.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { key: "stack", value: "derby" },
          { key: "x", value: "1" },
        ],
      }),
    );
    await cloud.client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["x"] }));

    const { tags } = await cloud.client.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).to.deep.equal([{ key: "stack", value: "derby" }]);
  });

  it("writes the history to the machine's log group", async () => {
    const created = await cloud.client.send(
      new CreateStateMachineCommand({
        name: "logged",
        roleArn: ROLE,
        definition: machine(DONE),
        loggingConfiguration: {
          level: "ALL",
          destinations: [
            {
              cloudWatchLogsLogGroup: {
                logGroupArn:
                  "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/recorder:*",
              },
            },
          ],
        },
      }),
    );

    await cloud.settle(await cloud.begin(created.stateMachineArn as string, { secret: true }));

    const messages = cloud.logLines.map(({ message }) => JSON.parse(message));
    expect(cloud.logLines[0]?.logGroupName).to.equal("/aws/vendedlogs/states/recorder");
    expect(messages.map(({ type }) => type)).to.deep.equal([
      "ExecutionStarted",
      "SucceedStateEntered",
      "SucceedStateExited",
      "ExecutionSucceeded",
    ]);
    expect(JSON.stringify(messages)).to.not.contain("secret");
  });
});
