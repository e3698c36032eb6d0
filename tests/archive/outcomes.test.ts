import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "chai";
import { archiveStream } from "../../archive/archiveStream";
import { OUTCOMES, outcomeOf } from "../../archive/outcomes";
import { clipsIn, type MemoryStream, memorySource, memoryVault } from "./memoryPorts";

/** Each client's commands that the functions send. */
const SENT = {
  "client-kinesis-video": [
    "DescribeStream",
    "GetDataEndpoint",
    "TagStream",
    "UntagStream",
    "UpdateDataRetention",
    "UpdateNotificationConfiguration",
  ],
  "client-kinesis-video-archived-media": ["ListFragments", "GetClip", "GetMediaForFragmentList"],
  "client-s3": [
    "GetObject",
    "HeadObject",
    "ListObjectsV2",
    "ListObjectVersions",
    "PutObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
  ],
  "client-cloudwatch": ["DescribeAlarms", "ListTagsForResource", "PutMetricData"],
  "client-eventbridge": ["PutEvents"],
  "client-sfn": ["StartExecution"],
};

/** The errors that the SDK's own documentation of a command names. */
function documented(client: string, command: string): string[] {
  const types = path.join(__dirname, "../../node_modules/@aws-sdk", client, "dist-types/commands");
  const text = fs.readFileSync(path.join(types, `${command}Command.d.ts`), "utf8");
  const names = [...text.matchAll(/@throws \{@link (\w+)\}/g)].map(([, name = ""]) => name);
  return names.filter((name) => !name.endsWith("ServiceException"));
}

const T0 = Date.UTC(2026, 10, 22, 14, 0, 0);

/** A round over one fragment, while calls answer these errors; how it ended, and what lies in the vault. */
async function roundWhile(clipFailure: string, mediaFailure?: string) {
  const fragment = { fragmentNumber: "1", serverMs: T0, producerMs: T0, durationMs: 2000, sizeBytes: 100 };
  const stream: MemoryStream = { fragments: [fragment], createdMs: T0 - 1, clipFailure };
  const vault = memoryVault();
  const source = memorySource(stream);
  const media: typeof source.media = async (numbers) => {
    if (mediaFailure) throw Object.assign(new Error("no media"), { name: mediaFailure });
    return source.media(numbers);
  };
  const ended = await archiveStream({
    source: { ...source, media },
    vault,
    prefix: "",
    clipMs: 60_000,
    nowMs: T0 + 120_000,
    tags: {},
    mayGoOn: () => true,
    announce: async () => undefined,
  }).then(
    () => "stored",
    (error: Error) => error.name,
  );
  const voids = [...vault.objects.values()].filter(({ metadata }) => metadata.decision === "void");
  return { ended, clips: clipsIn(vault).length, voids: voids.length };
}

describe("the outcomes of errors", () => {
  const warn = console.warn;
  before(() => {
    console.warn = () => undefined;
  });
  after(() => {
    console.warn = warn;
  });

  for (const [client, commands] of Object.entries(SENT)) {
    for (const command of commands) {
      it(`are decided for every error that ${command} documents`, () => {
        const names = documented(client, command);

        const undecided = names.filter((name) => OUTCOMES[command]?.[name] === undefined);

        expect(undecided).to.deep.equal([]);
      });
    }
  }

  it("leave no command out that the functions send", () => {
    const folder = path.join(__dirname, "../../handlers");
    const files = fs.readdirSync(folder, { recursive: true }).map(String);
    const texts = files
      .filter((file) => file.endsWith(".ts"))
      .map((file) => fs.readFileSync(path.join(folder, file), "utf8"));

    const sent = texts.flatMap((text) =>
      [...text.matchAll(/new (\w+)Command\(/g)].map(([, name = ""]) => name),
    );

    // The dispatcher's only call is made again by the schedule, whatever was answered.
    expect([...new Set(sent)].filter((name) => name !== "Invoke")).to.have.members(Object.keys(OUTCOMES));
  });

  it("are to come back for what nobody documented", () => {
    expect(outcomeOf("GetClip", { name: "SomethingNew" })).to.equal("later");
    expect(outcomeOf("ListFragments", { name: "ServiceUnavailable" })).to.equal("again");
  });

  for (const [name, outcome] of Object.entries(OUTCOMES.GetClip ?? {})) {
    it(`are what a round does when GetClip answers ${name}: ${outcome}`, async () => {
      const { ended, clips, voids } = await roundWhile(name);

      const expected =
        outcome === "fallBack"
          ? { ended: "stored", clips: 1, voids: 1 }
          : { ended: name, clips: 0, voids: 0 };
      expect({ ended, clips, voids }).to.deep.equal(expected);
    });
  }

  for (const [name, outcome] of Object.entries(OUTCOMES.GetMediaForFragmentList ?? {})) {
    it(`are what a round does when GetMediaForFragmentList answers ${name}: ${outcome}`, async () => {
      const { ended, clips, voids } = await roundWhile("InvalidMediaFrameException", name);

      // The only fragment is deferred, and both of its plans are replaced.
      const expected =
        outcome === "fallBack"
          ? { ended: "stored", clips: 0, voids: 2 }
          : { ended: name, clips: 0, voids: 1 };
      expect({ ended, clips, voids }).to.deep.equal(expected);
    });
  }
});
