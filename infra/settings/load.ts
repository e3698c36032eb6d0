import type { z } from "zod";
import { arrange } from "./arrange";
import { contradictions, streamContradictions } from "./contradictions";
import type { Settings } from "./index";
import { foundValue, type Problem, readKeys, sentence } from "./problems";
import { type Configuration, configType, type StreamEntry, settingSchema, streamEntry } from "./schema";

/**
 * Reads a stack's settings from its configuration.
 * @param config the stack's configuration as Pulumi holds it: full keys (`lastframe:streams`), lists as JSON text
 * @param project whose keys to read; keys of other packages are left alone
 * @throws an Error with one line for each wrong setting, which names the key and says what to write instead
 */
export function loadSettings(config: Record<string, string>, project: string): Settings {
  const raw: Record<string, unknown> = {};
  const undecoded: Problem[] = [];
  for (const [fullKey, text] of Object.entries(config)) {
    if (!fullKey.startsWith(`${project}:`)) continue;
    const key = fullKey.slice(project.length + 1);
    try {
      raw[key] = decode(key, text);
    } catch {
      undecoded.push({ path: [key], found: "is not valid JSON", advice: `mend ${text}` });
    }
  }

  const unreadable = undecoded.map(({ path: [key] }) => key as keyof Configuration);
  const { values, problems } = readKeys(settingSchema, raw);
  for (const key of unreadable) delete values[key];
  const streams = (values.streams ?? []).map((entry, index) => readStream(entry, ["streams", index], values));
  const entries = streams.map(({ entry }) => entry);
  const all = [
    ...undecoded,
    ...problems.filter(({ path: [key] }) => !unreadable.includes(key as keyof Configuration)),
    ...streams.flatMap((stream) => stream.problems),
    ...repeatedNames(entries),
    ...contradictions(values, config["aws:region"]),
  ].map((problem) => sentence(project, problem));
  if (all.length > 1) throw new Error([`${all.length} settings are wrong:`, ...all].join("\n  "));
  if (all.length === 1) throw new Error(all[0]);
  return arrange(values as Configuration, entries as StreamEntry[]);
}

/** Configuration values are text; lists, objects, numbers and booleans are JSON. */
function decode(key: string, text: string): unknown {
  const schema = (settingSchema as Record<string, z.ZodType>)[key];
  if (schema && configType(schema) === "string") return text;
  return /^(\s*[[{]|-?\d+(\.\d+)?$|(true|false)$)/.test(text) ? JSON.parse(text) : text;
}

function readStream(raw: Record<string, unknown>, path: PropertyKey[], stack: Partial<Configuration>) {
  const { values: entry, problems } = readKeys(streamEntry, raw, path);
  return { entry, problems: [...problems, ...streamContradictions(entry, stack, path)] };
}

function repeatedNames(entries: Partial<StreamEntry>[]): Problem[] {
  const seen = new Set<string>();
  return entries.flatMap(({ name }, index) => {
    if (name === undefined) return [];
    const isRepeated = seen.has(name);
    seen.add(name);
    return isRepeated
      ? [
          {
            path: ["streams", index, "name"],
            found: foundValue(name),
            advice: "give each stream a name of its own",
          },
        ]
      : [];
  });
}
