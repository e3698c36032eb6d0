import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { runProgram, twoCameras } from "../support/program";

const sdk = path.dirname(require.resolve("@pulumi/aws/package.json"));

/** Whether the provider has tags for a type such as `aws:s3/bucket:Bucket`: its class says so. */
function isTaggable(type: string): boolean {
  const [, module = ""] = type.split(":");
  return fs.readFileSync(path.join(sdk, `${module}.js`), "utf8").includes('resourceInputs["tagsAll"]');
}

describe("tags", function () {
  this.timeout(300_000);

  it("of stack, owner and event are on everything that takes tags, and the stream's on what is a stream's", async () => {
    const program = await runProgram(
      twoCameras({
        "lastframe:owner": "Ada",
        "lastframe:event": "derby",
        "lastframe:encryption": "new-key",
        "lastframe:network": "new",
        "lastframe:notify": "true",
        "lastframe:deviceSignIn": "true",
        "lastframe:alertEmails": '["ada@example.com"]',
        "lastframe:clipHook": "arn:aws:sqs:us-east-1:123456789012:mine",
      }),
    );

    const taggable = program.resources.filter(({ type }) => type.startsWith("aws:") && isTaggable(type));
    const untagged = taggable.filter(
      ({ inputs: { tags = {} } }) =>
        tags.stack !== "lastframe/test" || tags.owner !== "Ada" || tags.event !== "derby",
    );
    const ofStream = taggable.filter(({ name }) => /^(gate|podium)\b/.test(name));
    expect(untagged.map(({ type, name }) => `${type} ${name}`)).to.deep.equal([]);
    expect(taggable.length).to.be.above(50);
    for (const { name, inputs } of ofStream) expect(inputs.tags.stream, name).to.equal(name.split("/")[0]);
    expect(ofStream.length).to.be.above(6);
  });
});
