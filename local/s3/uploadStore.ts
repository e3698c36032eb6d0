import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { ChecksumAlgorithm, ChecksumType } from "./checksums";
import { namesIn, readJson, subfolder, writeJson } from "./files";
import type { StoredObject } from "./objectStore";

/** A part that was uploaded. */
export interface Part {
  partNumber: number;
  sizeBytes: number;
  /** Without quotes: the MD5 of its bytes, so number and ETag name a part's file. */
  etag: string;
  lastModifiedMs: number;
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
}

/** What CreateMultipartUpload said. */
export interface UploadRecord {
  uploadId: string;
  key: string;
  initiatedMs: number;
  checksum?: { algorithm: ChecksumAlgorithm; type: ChecksumType };
  /** What the object will have beside its bytes. */
  object: Pick<StoredObject, "properties" | "metadata" | "tags" | "lock">;
}

/** A multipart upload under way. */
export interface Upload extends UploadRecord {
  parts: Map<number, Part>;
}

/** The multipart uploads under way in one bucket. */
export interface UploadStore {
  all(): Upload[];
  find(uploadId: string): Upload | undefined;
  start(record: Omit<UploadRecord, "uploadId">): Upload;
  /** Keeps a part, in place of an earlier one of its number. */
  addPart(upload: Upload, part: Part, bytesFile: string): void;
  bytesOf(upload: Upload, part: Part): string;
  /** Ends an upload; its parts are gone. */
  remove(upload: Upload): void;
}

/** Opens the uploads under `folder`: one folder each, with `upload.json`, and `N.json` and `N-ETAG.bin` per part. */
export function openUploadStore(folder: string): UploadStore {
  const uploads = new Map<string, Upload>();
  for (const uploadId of namesIn(folder)) {
    const record = path.join(folder, uploadId, "upload.json");
    if (fs.existsSync(record))
      uploads.set(uploadId, { ...readJson<UploadRecord>(record), parts: load(uploadId) });
    else fs.rmSync(path.join(folder, uploadId), { recursive: true });
  }

  function load(uploadId: string): Map<number, Part> {
    const records = namesIn(path.join(folder, uploadId)).filter((name) => /^\d+\.json$/.test(name));
    const parts = records.map((name) => readJson<Part>(path.join(folder, uploadId, name)));
    return new Map(parts.map((part) => [part.partNumber, part]));
  }

  const bytesOf = ({ uploadId }: Upload, { partNumber, etag }: Part) =>
    path.join(folder, uploadId, `${partNumber}-${etag}.bin`);

  return {
    all: () => [...uploads.values()],
    find: (uploadId) => uploads.get(uploadId),
    start(record) {
      const upload = { ...record, uploadId: randomBytes(32).toString("base64url"), parts: new Map() };
      const { parts: _, ...stored } = upload;
      writeJson(path.join(subfolder(folder, upload.uploadId), "upload.json"), stored);
      uploads.set(upload.uploadId, upload);
      return upload;
    },
    addPart(upload, part, bytesFile) {
      const replaced = upload.parts.get(part.partNumber);
      fs.renameSync(bytesFile, bytesOf(upload, part));
      writeJson(path.join(folder, upload.uploadId, `${part.partNumber}.json`), part);
      upload.parts.set(part.partNumber, part);
      if (replaced && replaced.etag !== part.etag) fs.rmSync(bytesOf(upload, replaced), { force: true });
    },
    bytesOf,
    remove(upload) {
      uploads.delete(upload.uploadId);
      // The record goes first, so that a kill leaves what the next start sweeps up, not an upload without parts.
      fs.rmSync(path.join(folder, upload.uploadId, "upload.json"), { force: true });
      fs.rmSync(path.join(folder, upload.uploadId), { recursive: true, force: true });
    },
  };
}
