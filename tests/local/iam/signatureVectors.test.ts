import { expect } from "chai";
import { credentialScope } from "../../../local/core/server";
import { readSignature, signatureMatches } from "../../../local/iam/signature";
import { requestOf } from "./wireRequests";

/** Requests that AWS publishes with their signatures (S3 API reference and IAM user guide, "Signature Version 4"). */
const s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const s3Credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const bucket = { host: "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z" };

const published = {
  "S3's GET of an object with a range": {
    secret: s3Secret,
    request: requestOf("GET", "/test.txt", {
      ...bucket,
      authorization: `AWS4-HMAC-SHA256 Credential=${s3Credential},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41`,
      range: "bytes=0-9",
      "x-amz-content-sha256": emptyHash,
    }),
  },
  "S3's PUT of an object whose name has an encoded character": {
    secret: s3Secret,
    request: requestOf(
      "PUT",
      "/test%24file.text",
      {
        ...bucket,
        authorization: `AWS4-HMAC-SHA256 Credential=${s3Credential},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd`,
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      },
      "Welcome to Amazon S3.",
    ),
  },
  "S3's query of a subresource without a value": {
    secret: s3Secret,
    request: requestOf("GET", "/?lifecycle", {
      ...bucket,
      authorization: `AWS4-HMAC-SHA256 Credential=${s3Credential},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543`,
      "x-amz-content-sha256": emptyHash,
    }),
  },
  "S3's listing with two parameters": {
    secret: s3Secret,
    request: requestOf("GET", "/?max-keys=2&prefix=J", {
      ...bucket,
      authorization: `AWS4-HMAC-SHA256 Credential=${s3Credential},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7`,
      "x-amz-content-sha256": emptyHash,
    }),
  },
  "S3's presigned URL": {
    secret: s3Secret,
    request: requestOf(
      "GET",
      `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(s3Credential)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
      { host: bucket.host },
    ),
  },
  "IAM's ListUsers by GET": {
    secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    request: requestOf("GET", "/?Action=ListUsers&Version=2010-05-08", {
      host: "iam.amazonaws.com",
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      "x-amz-date": "20150830T123600Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    }),
  },
};

describe("the signatures that AWS publishes as examples", () => {
  for (const [title, { secret, request }] of Object.entries(published)) {
    it(`match with their secret and with no other: ${title}`, async () => {
      const scope = credentialScope(request);
      const sent = readSignature(request);
      if (!scope || "problem" in sent) throw new Error("The published request does not parse");

      const matches = await signatureMatches(request, scope, sent, secret, true);
      const matchesAnother = await signatureMatches(request, scope, sent, `${secret}x`, true);

      expect(matches).to.equal(true);
      expect(matchesAnother).to.equal(false);
    });
  }
});
