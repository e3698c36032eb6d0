import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "chai";

describe("a shell that works with the local cloud", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-env-"));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("has the cloud's address, its provider, the CLI, and the stacks that `npm run pulumi` makes", () => {
    const script = path.resolve("local/engine/env.ts");
    const asks =
      'printf "%s\\n" "$AWS_ENDPOINT_URL" "$PULUMI_BACKEND_URL" "$(command -v pulumi-resource-aws)"; pulumi version';
    const command = `eval "$("$0" -r ${require.resolve("ts-node/register/transpile-only")} "${script}")" && ${asks}`;

    const TS_NODE_PROJECT = path.resolve("tsconfig.json");
    const env = { ...process.env, TS_NODE_PROJECT, AWS_ENDPOINT_URL: "http://127.0.0.1:4999" };
    const answer = execFileSync("sh", ["-c", command, process.execPath], {
      cwd: folder,
      env,
      encoding: "utf8",
    });

    const [endpoint, backend, provider, version] = answer.split("\n");
    expect(endpoint).to.equal("http://127.0.0.1:4999");
    expect(backend).to.equal(`file://${fs.realpathSync(folder)}/.lastframe/pulumi/backend?metadata=skip`);
    expect(provider).to.equal(path.resolve("local/engine/bin/pulumi-resource-aws"));
    expect(version).to.match(/^v?3\./);
  });
});
