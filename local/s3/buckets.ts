import type { Call } from "../core/service";
import { accountNeed, bucketNeed } from "./access";
import { ownerOf, type S3Context } from "./context";
import { s3Error } from "./errors";

/** Input of CreateBucket. */
export interface CreateBucketInput {
  Bucket: string;
  ACL?: string;
  CreateBucketConfiguration?: { LocationConstraint?: string; Tags?: unknown };
  ObjectLockEnabledForBucket?: boolean;
  ObjectOwnership?: string;
}

/** Input of the operations that name a bucket and no more. */
export interface BucketInput {
  Bucket: string;
}

/** 3 to 63 of a-z, 0-9, dot and hyphen, a letter or digit at both ends, not an IP address (S3 User Guide, "Bucket naming rules"). */
const NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** What a new bucket has (S3 User Guide, "Creating a bucket"): no ACLs, no public access, encryption with S3's keys. */
const initialSettings = (objectOwnership = "BucketOwnerEnforced") => ({
  ownershipControls: { Rules: [{ ObjectOwnership: objectOwnership }] },
  publicAccessBlock: {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  },
});

/** CreateBucket, HeadBucket, ListBuckets, DeleteBucket and GetBucketLocation. */
export function makeBucketOperations({ buckets, clock, region }: S3Context) {
  return {
    async CreateBucket(input: CreateBucketInput, call: Call) {
      const { Bucket: name, ObjectLockEnabledForBucket: isLocked = false, ObjectOwnership } = input;
      if (!NAME.test(name)) throw s3Error("InvalidBucketName", { BucketName: name });
      const need = (action: string) => accountNeed(action, `arn:aws:s3:::${name}`);
      await call.authorize(
        need("CreateBucket"),
        ...(isLocked ? [need("PutBucketVersioning"), need("PutBucketObjectLockConfiguration")] : []),
        ...(ObjectOwnership ? [need("PutBucketOwnershipControls")] : []),
      );
      if (input.ACL !== undefined && input.ACL !== "private") throw s3Error("AccessControlListNotSupported");
      const { LocationConstraint: location, Tags } = input.CreateBucketConfiguration ?? {};
      if (Tags) throw s3Error("NotImplemented", {}, "Tag a bucket with PutBucketTagging after it is created");
      if ((location || "us-east-1") !== region)
        throw s3Error(
          "IllegalLocationConstraintException",
          {},
          `The ${location ?? "unspecified"} location constraint is incompatible for the region specific endpoint ` +
            `this request was sent to; the local cloud is in ${region}`,
        );
      if (!buckets.has(name)) {
        const settings = {
          ...initialSettings(ObjectOwnership),
          ...(isLocked && {
            versioning: { Status: "Enabled" },
            "object-lock": { ObjectLockEnabled: "Enabled" },
          }),
        };
        buckets.create({ name, createdMs: clock.nowMs(), settings });
      } else if (region !== "us-east-1") {
        // In us-east-1 alone it succeeds again for the owner, for compatibility.
        throw s3Error("BucketAlreadyOwnedByYou", { BucketName: name });
      }
      return { Location: `/${name}` };
    },
    async HeadBucket(input: BucketInput, call: Call) {
      await call.authorize(bucketNeed(buckets.get(input.Bucket), "ListBucket"));
      return { BucketRegion: region };
    },
    async GetBucketLocation(input: BucketInput, call: Call) {
      await call.authorize(bucketNeed(buckets.get(input.Bucket), "GetBucketLocation"));
      return { LocationConstraint: region === "us-east-1" ? undefined : region };
    },
    async ListBuckets(
      input: { Prefix?: string; MaxBuckets?: number; ContinuationToken?: string },
      call: Call,
    ) {
      await call.authorize(accountNeed("ListAllMyBuckets"));
      const { Prefix = "", MaxBuckets = 10_000, ContinuationToken } = input;
      const after = ContinuationToken ? Buffer.from(ContinuationToken, "base64url").toString() : "";
      const found = buckets.all().filter(({ name }) => name.startsWith(Prefix) && name > after);
      const shown = found.slice(0, MaxBuckets);
      return {
        Owner: ownerOf(call.accountId),
        Buckets: shown.map(({ name, record }) => ({
          Name: name,
          CreationDate: new Date(record.value.createdMs),
          BucketRegion: region,
        })),
        ContinuationToken:
          found.length > shown.length && shown.length > 0
            ? Buffer.from(shown.at(-1)!.name).toString("base64url")
            : undefined,
        Prefix: input.Prefix,
      };
    },
    async DeleteBucket(input: BucketInput, call: Call) {
      const bucket = buckets.get(input.Bucket);
      await call.authorize(bucketNeed(bucket, "DeleteBucket"));
      if (bucket.objects.keys.length > 0) {
        const isVersioned = bucket.record.value.settings.versioning !== undefined;
        const message = "The bucket you tried to delete is not empty";
        const advice = ". You must delete all versions in the bucket.";
        throw s3Error("BucketNotEmpty", { BucketName: bucket.name }, message + (isVersioned ? advice : ""));
      }
      buckets.remove(bucket);
      return {};
    },
  };
}
