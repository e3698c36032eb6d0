import * as fs from "node:fs";
import * as path from "node:path";

/** A value that is on disk as often as its owner says `save()`. */
export interface StoredDocument<T> {
  value: T;
  /** Writes the value; when it returns, a kill of this process cannot undo or tear it. */
  save(): void;
}

/** Where a service keeps its state under the data folder. */
export interface Store {
  /** Opens `NAME.json`, or starts it with `initial`. `value` must be plain JSON. */
  document<T>(name: string, initial: T): StoredDocument<T>;
  /** The path of a folder of the service's own, made if absent. */
  folder(name: string): string;
}

/**
 * Opens a data folder. Documents are replaced by rename, so a reader sees the old or the new one, never half of one.
 * @throws when a document does not parse, naming the file: nothing is overwritten then
 */
export function openStore(dataDir: string): Store {
  fs.mkdirSync(dataDir, { recursive: true });
  return {
    document<T>(name: string, initial: T): StoredDocument<T> {
      const file = path.join(dataDir, `${name}.json`);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      const document = {
        value: fs.existsSync(file) ? parse<T>(file) : initial,
        save() {
          const temporary = `${file}.new`;
          fs.writeFileSync(temporary, JSON.stringify(document.value));
          fs.renameSync(temporary, file);
        },
      };
      return document;
    },
    folder(name: string) {
      const folder = path.join(dataDir, name);
      fs.mkdirSync(folder, { recursive: true });
      return folder;
    },
  };
}

function parse<T>(file: string): T {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as T;
  } catch (error) {
    throw new Error(
      `${file} cannot be read as JSON (${(error as Error).message}); move it away to start empty`,
    );
  }
}
