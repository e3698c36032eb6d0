const { ListObjectsV2Command, PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");

const s3 = new S3Client({});
const { BUCKET: Bucket } = process.env;

/**
 * A clip hook: keeps a playlist of each stream's day beside the clips,
 * `playlists/stream=gate/date=2026-11-22.m3u`, in the order in which they were filmed.
 *
 * It makes the list anew from what is in the bucket, so an event that comes twice, late or out of order does no harm.
 */
exports.handler = async ({ detail: { key } }) => {
  const [, prefix, stream, date] = /^(.*?)clips\/(stream=[^/]+)\/(date=[^/]+)\//.exec(key);

  const clips = [];
  let ContinuationToken;
  do {
    const Prefix = `${prefix}clips/${stream}/${date}/`;
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    // An empty object holds the place of a clip that was replaced by others.
    clips.push(...(page.Contents ?? []).filter(({ Size }) => Size > 0).map(({ Key }) => Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);

  const Body = ["#EXTM3U", ...clips.map((clip) => `s3://${Bucket}/${clip}`), ""].join("\n");
  const Key = `${prefix}playlists/${stream}/${date}.m3u`;
  await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: "audio/x-mpegurl" }));
};
