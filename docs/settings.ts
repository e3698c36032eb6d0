import * as fs from "node:fs";
import * as path from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { configType, settingGroups, streamEntry } from "../infra/settings/schema";

/** `npm run docs`: writes what is said of the settings in `Pulumi.yaml` and `docs/settings.md` from their one schema. */

interface Described {
  type: ReturnType<typeof configType>;
  items?: { type: string };
  default?: unknown;
  description: string;
}

const root = path.join(__dirname, "..");

/** The text of `Pulumi.yaml` with its `config` section as the schema has it; the rest stays as it is. */
export function pulumiYaml(current: string): string {
  const document = parseDocument(current);
  const settings = Object.values(settingGroups).flatMap((group) => Object.entries<z.ZodType>(group));
  document.set("config", Object.fromEntries(settings.map(([key, schema]) => [key, describe(schema)])));
  return document.toString({ lineWidth: 0 });
}

/** The text of `docs/settings.md`. */
export function settingsPage(): string {
  const groups = Object.entries(settingGroups).map(([heading, group]) =>
    [
      `## ${heading}`,
      "",
      "| setting | type | default | |",
      "|---|---|---|---|",
      ...Object.entries<z.ZodType>(group).map(([key, schema]) => row(key, describe(schema))),
    ].join("\n"),
  );
  return `${[INTRODUCTION, ...groups].join("\n\n")}\n`;
}

const INTRODUCTION = `# Settings

In \`Pulumi.<stack>.yaml\`, or by \`pulumi config set\`; written by \`npm run docs\` from
[\`infra/settings/schema.ts\`](../infra/settings/schema.ts). Whatever is wrong is told before anything is made, each setting
in one line: its key, its value, and what to write instead. Settings with a * may also stand in an entry of \`streams\`,
for that stream alone.

\`\`\`yaml
config:
  lastframe:clipSeconds: 180
  lastframe:streams:
    - name: gate
    - name: podium
      clipSeconds: 60
      fragmentSeconds: 8
\`\`\`

More tags than \`owner\` and \`event\` are set by Pulumi's own \`aws:defaultTags\`.`;

function row(key: string, { type, default: value, description }: Described): string {
  const isPerStream = Object.hasOwn(streamEntry, key);
  const shown = value === undefined ? "" : `\`${JSON.stringify(value)}\``;
  return `| \`${key}\`${isPerStream ? " *" : ""} | ${type} | ${shown} | ${description} |`;
}

function describe(schema: z.ZodType): Described {
  const { items, default: value, description = "" } = z.toJSONSchema(schema, { io: "input" });
  return {
    type: configType(schema),
    ...(items && { items: { type: (items as { type: string }).type } }),
    ...(value !== undefined && { default: value }),
    description,
  };
}

if (require.main === module) {
  const yaml = path.join(root, "Pulumi.yaml");
  fs.writeFileSync(yaml, pulumiYaml(fs.readFileSync(yaml, "utf8")));
  fs.writeFileSync(path.join(root, "docs", "settings.md"), settingsPage());
}
