import { expect } from "chai";
import { readFragmentMedia } from "../../archive/fragmentMedia";
import { concat, ebmlHeader, segmentStart, tags } from "../../media/matroskaWriter";
import { cluster, failed, header, named } from "./fragmentDocuments";

/** Reads a body that arrives in pieces of some size. */
async function read(parts: Uint8Array[], pieceBytes = 1 << 20) {
  const bytes = concat(parts);
  async function* body() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const { media, problems } = await readFragmentMedia(body());
  return { numbers: media.map(({ fragmentNumber }) => fragmentNumber), problems, media };
}

const document = (number: string) => [header(), named(number), cluster(`frame of ${number}`)];
const errorTag = (name: string, value: string) => ({ name: `AWS_KINESISVIDEO_${name}`, value });

describe("the media of fragments", () => {
  for (const pieceBytes of [1, 1 << 20]) {
    it(`is told apart by the number that the service writes before each Cluster, in pieces of ${pieceBytes}`, async () => {
      const { numbers, problems } = await read([...document("1"), ...document("2")], pieceBytes);

      expect(numbers).to.deep.equal(["1", "2"]);
      expect(problems).to.deep.equal([]);
    });
  }

  it("is named by the service, whose tags stand behind the camera's", async () => {
    const { numbers } = await read([header(), named("the camera's"), named("1"), cluster("one")]);

    expect(numbers).to.deep.equal(["1"]);
  });

  it("is nobody's where a Cluster has no number of its own, and nor is what it may belong to", async () => {
    const whose = [header(), named("1"), cluster("one"), cluster("whose?")];

    const { numbers, problems } = await read([...whose, ...document("2")]);

    expect(numbers).to.deep.equal(["2"]);
    expect(problems.join()).to.contain("no fragment number");
  });

  it("is not decoded by another fragment's Tracks where it has none", async () => {
    const withoutTracks = [ebmlHeader(), segmentStart(), named("2"), cluster("two")];

    const { numbers, problems } = await read([...document("1"), ...withoutTracks]);

    expect(numbers).to.deep.equal(["1"]);
    expect(problems.join()).to.contain("no Tracks");
  });

  it("is read beside a fragment that the service cannot read", async () => {
    const { numbers, problems } = await read([...document("1"), failed("2"), ...document("3")]);

    expect(numbers).to.deep.equal(["1", "3"]);
    expect(problems).to.deep.equal([
      "Kinesis Video Streams could not read fragment 2: FRAGMENT_NOT_FOUND 3000",
    ]);
  });

  for (const error of [[errorTag("ERROR_ID", "3000")], [errorTag("EXCEPTION_ERROR_CODE", "4000")]]) {
    it(`does not count where ${error[0]?.name} follows it`, async () => {
      const { numbers, problems } = await read([...document("1"), ...document("2"), tags(error)]);

      expect(numbers).to.deep.equal(["1"]);
      expect(problems.join()).to.contain("could not read fragment 2");
    });
  }

  it("counts where a failure that follows it is another fragment's", async () => {
    const error = tags([errorTag("FRAGMENT_NUMBER", "2"), errorTag("ERROR_CODE", "FRAGMENT_NOT_FOUND")]);

    const { numbers } = await read([...document("1"), error]);

    expect(numbers).to.deep.equal(["1"]);
  });

  for (const [code, id] of [
    ["KMS_KEY_DISABLED", "4501"],
    ["INTERNAL_ERROR", "5000"],
    ["ThrottlingException", ""],
    ["FragmentLimitExceeded", ""],
    ["WRITE_ERROR", "3002"],
  ]) {
    it(`fails as a whole on ${code} ${id}, which is no fragment's own`, async () => {
      const failure: Error = await read([...document("1"), failed("2", code, id)]).catch((error) => error);

      expect(failure.name).to.equal("StreamUnreadable");
      expect(failure.message).to.contain(`fragment 2: ${code} ${id}`.trim());
    });
  }

  it("is kept up to where the bytes stop being Matroska, and the place is told", async () => {
    const { numbers, problems } = await read([...document("1"), header(), named("2"), Buffer.alloc(99)]);

    expect(numbers).to.deep.equal(["1"]);
    expect(problems.join()).to.contain("Invalid Matroska at byte");
  });

  it("says which fragment only the end of the body ended", async () => {
    const { media } = await read([...document("1"), ...document("2")]);

    expect(media.map(({ endsWithBody = false }) => endsWithBody)).to.deep.equal([false, true]);
  });

  it("fails as the body does", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield concat(document("1"));
      throw new Error("socket hang up");
    }

    const failure: Error = await readFragmentMedia(broken()).catch((error) => error);

    expect(failure.message).to.equal("socket hang up");
  });
});
