import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";

const root = path.join(__dirname, "..");

/** What each room may import, beside libraries and itself. */
const mayImport: Record<string, string[]> = {
  infra: ["handlers"],
  handlers: ["archive", "media"],
  archive: ["media"],
  media: [],
  producer: ["media"],
  automation: ["infra", "handlers", "archive"],
  local: ["media"],
};

const sourcesIn = (room: string) =>
  fs
    .readdirSync(path.join(root, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(room, file));

/** Room names that a file's relative imports lead into. */
function roomsImportedBy(file: string): string[] {
  const text = fs.readFileSync(path.join(root, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import\(|require\()\s*"(\.[^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );
  return specifiers.map((specifier) => path.join(path.dirname(file), specifier).split(path.sep)[0] ?? "");
}

describe("the rooms", () => {
  for (const [room, others] of Object.entries(mayImport)) {
    it(`${room}/ imports ${others.length === 0 ? "no other room" : `no room but ${others.join(" and ")}`}`, () => {
      const allowed = [room, ...others];

      const trespasses = sourcesIn(room).flatMap((file) =>
        roomsImportedBy(file)
          .filter((imported) => !allowed.includes(imported))
          .map((imported) => `${file} imports ${imported}`),
      );

      expect(trespasses).to.deep.equal([]);
    });
  }

  it("archive/ asks no clock and takes no random numbers", () => {
    const text = sourcesIn("archive").map((file) => fs.readFileSync(path.join(root, file), "utf8"));

    const forbidden = text.flatMap(
      (source) => source.match(/Date\.now|new Date\(\)|Math\.random|randomUUID|@aws-sdk/g) ?? [],
    );

    expect(forbidden).to.deep.equal([]);
  });

  it("what is shipped has no class, no custom error class and no client made at module level", () => {
    const shipped = ["handlers", "archive", "media"].flatMap(sourcesIn);

    const offences = shipped.filter((file) => {
      const text = fs.readFileSync(path.join(root, file), "utf8");
      return (
        /^\s*(export )?(abstract )?class /m.test(text) ||
        /^(export )?const \w+ = new /m.test(text) ||
        text.includes("@smithy/")
      );
    });

    expect(offences).to.deep.equal([]);
  });
});
