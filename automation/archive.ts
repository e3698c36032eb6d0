import { S3Client } from "@aws-sdk/client-s3";
import { Command, InvalidArgumentError } from "commander";
import { verifyStream } from "../archive/verify";
import { livesOf, streamsOf } from "../archive/verifyListing";
import { nearestNames } from "./nearestNames";
import { makeArchiveReader } from "./ports/s3Archive";
import { parseInstant } from "./times";
import { asJson, asText, exitCodes } from "./verifyReport";

interface VerifyOptions {
  bucket: string;
  prefix: string;
  from?: number;
  to?: number;
  life?: number;
  deep?: boolean;
  json?: boolean;
}

/** sysexits.h, EX_USAGE and EX_UNAVAILABLE: apart from the codes that say how the archive is. */
const USAGE = 64;
const UNAVAILABLE = 69;

/** `lastframe archive`: what can be asked of an archive. */
export function archiveCommand(): Command {
  const nowMs = Date.now();
  const program = new Command("archive")
    .description("Questions to an archive, answered from S3 alone.")
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));
  program
    .command("verify")
    .description("Says whether everything that a camera sent is there, unaltered, or what is not and why.")
    .argument("<STREAM>", "the stream's name")
    .requiredOption("--bucket <name>", "the archive's bucket: the output `bucket` of your stack")
    .option("--prefix <prefix>", "where in the bucket the archive begins, as in your settings", folder, "")
    .option(
      "--from <time>",
      "begin of the time asked about, UTC: 14:03, or 2026-11-23T14:03:00Z",
      instant(nowMs),
    )
    .option("--to <time>", "its end (default: as far as the archive goes)", instant(nowMs))
    .option(
      "--life <created>",
      "only this life of the stream, by its folder's name in the ledger",
      wholeNumber,
    )
    .option("--deep", "read every byte and frame, too")
    .option("--json", "print one JSON object (docs/verify.md)")
    .allowExcessArguments(false)
    .action((streamName: string, options: VerifyOptions, command: Command) =>
      verify(streamName, options, command, nowMs).catch(unreadable),
    );
  return program;
}

async function verify(streamName: string, options: VerifyOptions, command: Command, nowMs: number) {
  const { bucket, prefix, from: fromMs, to: toMs, life: createdMs, deep: isDeep = false } = options;
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    command.error("error: --from must be before --to; times are UTC, and those without a date are of today");
  const client = new S3Client({});
  const reader = makeArchiveReader(client, bucket);
  const address = `s3://${bucket}/${prefix}`;

  const names = await streamsOf(reader, prefix);
  if (!names.includes(streamName)) {
    const known =
      names.length === 0
        ? "it holds none; look at --bucket and --prefix"
        : `the nearest names: ${nearestNames(streamName, names).join(", ")}`;
    command.error(`error: no stream ${streamName} in ${address}; ${known}`);
  }
  const lives = await livesOf(reader, prefix, streamName);
  if (createdMs !== undefined && !lives.includes(createdMs))
    command.error(
      `error: no life ${createdMs} of ${streamName} in ${address}; it had ${lives.join(", ") || "none"}`,
    );

  const found = await verifyStream({ reader, prefix, streamName, fromMs, toMs, createdMs, isDeep, nowMs });
  const subject = { streamName, bucket, prefix, isDeep };
  console.log(options.json ? asJson(subject, found) : asText(subject, found));
  process.exitCode = exitCodes[found.answer];
  client.destroy();
}

function folder(text: string): string {
  if (text === "" || text.endsWith("/")) return text;
  throw new InvalidArgumentError(`Write it as in your settings, with a slash at its end: ${text}/`);
}

function instant(nowMs: number) {
  return (text: string): number => {
    const timeMs = parseInstant(text, nowMs);
    if (timeMs !== undefined) return timeMs;
    throw new InvalidArgumentError(
      "Write a time of today (14:03 or 14:03:05) or ISO 8601 (2026-11-23T14:03:00Z).",
    );
  };
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write milliseconds since 1970, as the folder under ledger/ is named.");
}

function unreadable(error: Error): never {
  const code = error.name === "NoSuchBucket" ? USAGE : UNAVAILABLE;
  console.error(`error: the archive could not be read: ${error.message || error.name}`);
  process.exit(code);
}

if (require.main === module) void archiveCommand().name("npm run archive --").parseAsync();
