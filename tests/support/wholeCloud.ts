import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { type Cloud, startCloud } from "../../local/cloud";

/** All of AWS on this machine, with IAM in force, over a data folder of its own. */
export interface WholeCloud extends Cloud {
  dataDir: string;
  /** The configuration of clients whose role has these permissions and no other. */
  asRole(...statements: Permission[]): Promise<Cloud["clientConfig"]>;
  /** Makes a role that `principal` may take on; answers its ARN. */
  makeRole(principal: object, ...statements: Permission[]): Promise<string>;
}

/** A statement of an identity-based policy that allows. */
export interface Permission {
  Action: string | string[];
  Resource: string;
  Condition?: object;
}

/** Starts a cloud for a test; `close` ends it and removes its folder. */
export async function startWholeCloud(options: { speed?: number } = {}): Promise<WholeCloud> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "lastframe-cloud-"));
  const cloud = await startCloud({ dataDir, ...options });
  const iam = new IAM(cloud.clientConfig);
  const sts = new STS(cloud.clientConfig);
  let roles = 0;

  async function makeRole(principal: object, ...statements: Permission[]): Promise<string> {
    roles += 1;
    const RoleName = `role-${roles}`;
    const trust = [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" }];
    const { Role } = await iam.createRole({
      RoleName,
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: trust }),
    });
    const Statement = statements.map((statement) => ({ Effect: "Allow", ...statement }));
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    if (Statement.length > 0) await iam.putRolePolicy({ RoleName, PolicyName: "test", PolicyDocument });
    return Role?.Arn ?? "";
  }

  return {
    ...cloud,
    dataDir,
    makeRole,
    async asRole(...statements) {
      const RoleArn = await makeRole({ AWS: `arn:aws:iam::${cloud.accountId}:root` }, ...statements);
      const { Credentials } = await sts.assumeRole({ RoleArn, RoleSessionName: "test" });
      const credentials = {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken ?? "",
      };
      return { ...cloud.clientConfig, credentials };
    },
    async close() {
      iam.destroy();
      sts.destroy();
      await cloud.close();
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
