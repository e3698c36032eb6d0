import type { Call } from "../core/service";
import { type Context, requestTagContext } from "./access";
import type { S3Context } from "./context";
import { findVersion } from "./findVersion";
import type { Tag } from "./objectStore";
import { checkTags } from "./tags";
import { visibleVersionId } from "./writeObject";

/** Input of the operations on an object's tags. */
export interface ObjectTaggingInput {
  Bucket: string;
  Key: string;
  VersionId?: string;
}

const actions = (verb: string, context?: Context) => ({
  action: `${verb}ObjectTagging`,
  versionAction: `${verb}ObjectVersionTagging`,
  context,
});

/** GetObjectTagging, PutObjectTagging and DeleteObjectTagging. */
export function makeObjectTagging({ buckets }: S3Context) {
  async function setTags(verb: string, tags: Tag[], input: ObjectTaggingInput, call: Call) {
    const bucket = buckets.get(input.Bucket);
    const version = await findVersion(call, bucket, input, actions(verb, requestTagContext(tags)));
    version.object.tags = tags;
    bucket.objects.update(version);
    return { VersionId: visibleVersionId(bucket, version) };
  }

  return {
    async GetObjectTagging(input: ObjectTaggingInput, call: Call) {
      const bucket = buckets.get(input.Bucket);
      const version = await findVersion(call, bucket, input, actions("Get"));
      return { TagSet: version.object.tags, VersionId: visibleVersionId(bucket, version) };
    },
    async PutObjectTagging(input: ObjectTaggingInput & { Tagging: { TagSet?: Tag[] } }, call: Call) {
      return setTags("Put", checkTags(input.Tagging.TagSet ?? [], 10), input, call);
    },
    async DeleteObjectTagging(input: ObjectTaggingInput, call: Call) {
      return setTags("Delete", [], input, call);
    },
  };
}
