import type { PublishEvent, UseKey } from "../core/seams";
import type { CloudDeps } from "../core/service";
import type { BucketStore } from "./bucketStore";

/** What S3 is made with: everything a service has, where its events go, and who judges the use of keys. */
export type S3Deps = CloudDeps & { publishEvent?: PublishEvent; useKey?: UseKey };

/** What the operations share. */
export type S3Context = S3Deps & { buckets: BucketStore };

/** The account as the owner of every bucket and object. AWS has a canonical user id here; this one is made of the account's number. */
export const ownerOf = (accountId: string) => ({ ID: accountId.padStart(64, "0"), DisplayName: "owner" });
