import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { entryOf } from "../core/entryOf";
import type { CloudDeps, Need } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import { type EventFile, openEventFile } from "./eventFile";
import { notFound } from "./inputs";

const DAY_MS = 86_400_000;
const LONGEST_FILE_NAME = 200;

/** A log group as it is stored; its events are in files of their own. */
export interface LogGroup {
  name: string;
  createdMs: number;
  retentionInDays?: number;
  /** The ARN of the key that the group's data are under. */
  kmsKeyId?: string;
  tags: Record<string, string>;
  streams: Record<string, LogStream>;
}

/** A log stream as it is stored. */
export interface LogStream {
  name: string;
  createdMs: number;
}

/** A resource policy of the account's log groups. */
export interface ResourcePolicy {
  name: string;
  document: string;
  updatedMs: number;
}

interface LogsDocument {
  groups: Record<string, LogGroup>;
  policies: Record<string, ResourcePolicy>;
}

/** The account's log groups. What changes them says `save()`. */
export interface LogGroups {
  groups: Record<string, LogGroup>;
  policies: Record<string, ResourcePolicy>;
  /** @throws ResourceNotFoundException */
  find(name: string): LogGroup;
  /** @throws ResourceNotFoundException */
  findStream(group: LogGroup, name: string): LogStream;
  arnOf(groupName: string): string;
  streamArnOf(groupName: string, streamName: string): string;
  /** The timestamp before which the group's events are forgotten. */
  oldestMs(group: LogGroup): number;
  /** The events of a stream. */
  events(group: LogGroup, streamName: string): EventFile;
  removeGroup(group: LogGroup): void;
  removeStream(group: LogGroup, streamName: string): void;
  /**
   * A permission on a group, or on one of its streams. Policies name groups with `:*` at the end, except for tagging
   * (`LogGroup`, API reference), so what is asked for is a stream without a name.
   */
  need(action: string, groupName: string, streamName?: string): Need;
  save(): void;
}

/** Opens the log groups in `logs` of the data folder. */
export function openLogGroups({ clock, store, region, accountId }: CloudDeps): LogGroups {
  const folder = store.folder("logs");
  const document = store.document<LogsDocument>("logs/groups", { groups: {}, policies: {} });
  const { groups, policies } = document.value;
  const open = new Map<string, EventFile>();

  const folderOf = ({ name }: LogGroup) => path.join(folder, fileName(name));
  const fileOf = (group: LogGroup, stream: string) => path.join(folderOf(group), `${fileName(stream)}.jsonl`);
  const arnOf = (name: string) => `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
  const streamArnOf = (name: string, stream: string) => `${arnOf(name)}:log-stream:${stream}`;
  const oldestMs = ({ retentionInDays }: LogGroup) =>
    retentionInDays === undefined ? 0 : clock.nowMs() - retentionInDays * DAY_MS;

  const forget = (file: string) => {
    open.delete(file);
    fs.rmSync(file, { force: true });
  };

  /** The policies of the account as one document. */
  const resourcePolicy = () => {
    const documents = Object.values(policies).map(({ document: text }) => JSON.parse(text) as PolicyDocument);
    if (documents.length === 0) return undefined;
    return { Version: "2012-10-17", Statement: documents.flatMap(({ Statement }) => Statement ?? []) };
  };

  return {
    groups,
    policies,
    find(name) {
      const group = entryOf(groups, name);
      if (!group) throw notFound("log group");
      return group;
    },
    findStream({ streams }, name) {
      const stream = entryOf(streams, name);
      if (!stream) throw notFound("log stream");
      return stream;
    },
    arnOf,
    streamArnOf,
    oldestMs,
    events(group, stream) {
      const file = fileOf(group, stream);
      fs.mkdirSync(folderOf(group), { recursive: true });
      const events = open.get(file) ?? openEventFile(file, oldestMs(group));
      open.set(file, events);
      return events;
    },
    removeGroup(group) {
      for (const stream of Object.keys(group.streams)) forget(fileOf(group, stream));
      fs.rmSync(folderOf(group), { recursive: true, force: true });
      delete groups[group.name];
      document.save();
    },
    removeStream(group, stream) {
      forget(fileOf(group, stream));
      delete group.streams[stream];
      document.save();
    },
    need: (action, name, stream = "") => ({
      action: `logs:${action}`,
      resource: streamArnOf(name, stream),
      context: resourceTagContext(groups[name]?.tags),
      resourcePolicy: resourcePolicy(),
    }),
    save: document.save,
  };
}

interface PolicyDocument {
  Statement?: object | object[];
}

/** A name as a file's name: names hold slashes and dots, and can be longer than file names. */
function fileName(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll(".", "%2E").replaceAll("*", "%2A");
  if (encoded.length <= LONGEST_FILE_NAME) return encoded;
  const hash = createHash("sha256").update(name).digest("hex");
  return `${encoded.slice(0, LONGEST_FILE_NAME - hash.length)}${hash}`;
}
