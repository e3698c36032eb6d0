import { expect } from "chai";
import * as fc from "fast-check";
import { takePage } from "../../../local/s3/listing";
import { compareKeys, walkKeys } from "../../../local/s3/sortedKeys";
import { refusalOf } from "../../support/refusalOf";
import { Bucket, type ServedS3, startS3 } from "./service";

describe("S3 listings", () => {
  let s3: ServedS3;

  beforeEach(async () => {
    s3 = await startS3();
  });

  afterEach(() => s3.stop());

  async function put(...keys: string[]) {
    for (const Key of keys) await s3.client.putObject({ Bucket, Key, Body: Key });
  }

  it("show keys in the order of their UTF-8 bytes, with size, ETag and class", async () => {
    await put("b", "a", "é", "z", "￼", "😀", "B");

    const { Contents, KeyCount, IsTruncated } = await s3.client.listObjectsV2({ Bucket });

    expect(Contents?.map(({ Key }) => Key)).to.deep.equal(["B", "a", "b", "z", "é", "￼", "😀"]);
    expect(Contents?.[1]).to.include({ Size: 1, StorageClass: "STANDARD" });
    expect(Contents?.[1]?.ETag).to.equal('"0cc175b9c0f1b6a831c399e269772661"');
    expect({ KeyCount, IsTruncated }).to.deep.equal({ KeyCount: 7, IsTruncated: false });
  });

  it("roll keys up at the delimiter, behind the prefix", async () => {
    await put("clips/gate/1", "clips/gate/2", "clips/yard/1", "clips/note", "ledger/1");

    const { Contents, CommonPrefixes, KeyCount } = await s3.client.listObjectsV2({
      Bucket,
      Prefix: "clips/",
      Delimiter: "/",
    });

    expect(CommonPrefixes).to.deep.equal([{ Prefix: "clips/gate/" }, { Prefix: "clips/yard/" }]);
    expect(Contents?.map(({ Key }) => Key)).to.deep.equal(["clips/note"]);
    expect(KeyCount).to.equal(3);
  });

  it("go on where the last page ended, keys and common prefixes counted together", async () => {
    await put("a", "b/1", "b/2", "c", "d/1", "e");

    const pages: unknown[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.client.listObjectsV2({ Bucket, Delimiter: "/", MaxKeys: 2, ContinuationToken });
      pages.push([
        ...(page.Contents ?? []).map(({ Key }) => Key),
        page.CommonPrefixes?.map(({ Prefix }) => Prefix),
      ]);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);

    expect(pages).to.deep.equal([
      ["a", ["b/"]],
      ["c", ["d/"]],
      ["e", undefined],
    ]);
  });

  it("start behind StartAfter, and encode keys as URLs on request", async () => {
    await put("a b", "c+d", "e/é");

    const page = await s3.client.listObjectsV2({ Bucket, StartAfter: "a b", EncodingType: "url" });

    expect(page.Contents?.map(({ Key }) => Key)).to.deep.equal(["c%2Bd", "e/%C3%A9"]);
  });

  it("of the first version go on from NextMarker", async () => {
    await put("a", "b/1", "b/2", "c");

    const first = await s3.client.listObjects({ Bucket, Delimiter: "/", MaxKeys: 2 });
    const second = await s3.client.listObjects({ Bucket, Delimiter: "/", Marker: first.NextMarker });

    expect(first.NextMarker).to.equal("b/");
    expect(first.IsTruncated).to.equal(true);
    expect(second.Contents?.map(({ Key }) => Key)).to.deep.equal(["c"]);
    expect(second.CommonPrefixes).to.equal(undefined);
  });

  it("refuse a continuation token that is not one", async () => {
    const error = await refusalOf(s3.client.listObjectsV2({ Bucket, ContinuationToken: "c3BhbQ==" }));

    expect(error.name).to.equal("InvalidArgument");
  });
});

describe("A walk over sorted keys", () => {
  const key = fc.string({ unit: fc.constantFrom("a", "b", "/", "é", "😀", "￼"), maxLength: 5 });
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

  it("orders keys as their UTF-8 bytes are", () => {
    fc.assert(fc.property(key, key, (a, b) => Math.sign(compareKeys(a, b)) === byBytes(a, b)));
  });

  it("gives the same entries in pages of any size as a plain reading of the rules", () => {
    const input = fc.record({
      keys: fc.uniqueArray(key.filter((one) => one !== "")),
      prefix: fc.oneof(fc.constant(""), key),
      delimiter: fc.constantFrom("", "/", "a"),
      limit: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(input, ({ keys, prefix, delimiter, limit }) => {
        const sorted = [...keys].sort(byBytes);
        const expected = new Set(
          sorted
            .filter((one) => one.startsWith(prefix))
            .map((one) => {
              const end = delimiter === "" ? -1 : one.indexOf(delimiter, prefix.length);
              return end < 0 ? `key ${one}` : `prefix ${one.slice(0, end + delimiter.length)}`;
            }),
        );

        const walked: string[] = [];
        let after = "";
        for (let more = true; more; ) {
          const walk = walkKeys(sorted, { prefix, delimiter, after }, () => true);
          const { shown, isTruncated } = takePage(walk, limit);
          walked.push(
            ...shown.map((entry) => ("key" in entry ? `key ${entry.key}` : `prefix ${entry.commonPrefix}`)),
          );
          const last = shown.at(-1);
          if (last) after = "key" in last ? last.key : last.commonPrefix;
          more = isTruncated;
        }

        expect(walked).to.deep.equal([...expected]);
      }),
    );
  });
});
