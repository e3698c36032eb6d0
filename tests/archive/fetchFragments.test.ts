import { expect } from "chai";
import * as fc from "fast-check";
import { fetchFragments } from "../../archive/fetchFragments";
import { concat } from "../../media/matroskaWriter";
import { avc } from "../media/support";
import { cluster, failed, header, listed, mediaSource, named } from "./fragmentDocuments";

const otherCodec = { ...avc, codecPrivate: Uint8Array.of(...avc.codecPrivate!, 0) };
const document = (number: string, track = avc) =>
  concat([header(track), named(number), cluster(`frame of ${number};`, [0, 25, 50, 75])]);
const damaged = (number: string) => concat([header(), named(number), Buffer.alloc(50)]);
const whole = (number: string) => `frame of ${number};`.repeat(4);
const numbersTo = (count: number) => listed(count).map(({ fragmentNumber }) => fragmentNumber);

/** Fetches fragments 1 to `count` from a source that answers so; tells the runs by number, and the media as text. */
async function fetched(count: number, answer: Parameters<typeof mediaSource>[0]) {
  const { source, calls } = mediaSource(answer);
  const { runs, unreadable, problems } = await fetchFragments(source, listed(count));
  const lists = runs.map(({ fragments }) => fragments.map(({ fragmentNumber }) => fragmentNumber));
  const frames = runs.flatMap(({ media }) => media.flatMap(({ cluster: events }) => events));
  const text = frames
    .flatMap((event) => (event.kind === "block" ? event.frames : []))
    .map((frame) => Buffer.from(frame).toString());
  return {
    lists,
    text: text.join(""),
    unreadable: unreadable.map(({ fragmentNumber }) => fragmentNumber),
    problems,
    calls,
  };
}

describe("fetching fragments", () => {
  it("asks for a hundred at a time and puts them in the order asked, in whatever order they come", async () => {
    const { lists, text, unreadable, calls } = await fetched(250, (numbers) =>
      numbers.map((number) => document(number)).reverse(),
    );

    expect(calls.map((numbers) => numbers.length)).to.deep.equal([100, 100, 50]);
    expect(lists).to.deep.equal([numbersTo(250)]);
    expect(text).to.equal(numbersTo(250).map(whole).join(""));
    expect(unreadable).to.deep.equal([]);
  });

  it("cuts the run where the Tracks change, and where they change back", async () => {
    const { lists } = await fetched(5, (numbers) =>
      numbers.map((number) => document(number, number === "3" ? otherCodec : avc)),
    );

    expect(lists).to.deep.equal([["1", "2"], ["3"], ["4", "5"]]);
  });

  const badPlaces = [["1"], ["4"], ["7"], ["3", "4"], ["1", "7"], numbersTo(7)];
  const kinds = [
    { kind: "that the service cannot read", bad: (number: string) => failed(number), endsBody: false },
    { kind: "at which the service stops", bad: (number: string) => failed(number), endsBody: true },
    { kind: "that are not Matroska", bad: damaged, endsBody: false },
    { kind: "that do not come", bad: () => new Uint8Array(), endsBody: false },
    { kind: "at which the body ends", bad: () => new Uint8Array(), endsBody: true },
  ];
  for (const { kind, bad, endsBody } of kinds) {
    for (const places of badPlaces) {
      it(`keeps all others of seven and names those ${kind}: ${places}`, async () => {
        const { lists, text, unreadable, problems, calls } = await fetched(7, (numbers) => {
          const parts = numbers.map((number) => (places.includes(number) ? bad(number) : document(number)));
          const stop = numbers.findIndex((number) => places.includes(number));
          return endsBody && stop >= 0 ? parts.slice(0, stop + 1) : parts;
        });

        const good = numbersTo(7).filter((number) => !places.includes(number));
        expect(lists.flat()).to.deep.equal(good);
        expect(lists).to.have.length(good.length > 0 ? 1 : 0);
        expect(text).to.equal(good.map(whole).join(""));
        expect(unreadable).to.deep.equal(places);
        expect(problems).to.have.length(places.length);
        for (const place of places) {
          expect(calls.filter((numbers) => numbers.join() === place)).to.have.length(3);
        }
      });
    }
  }

  it("takes a fragment that is there at the third try", async () => {
    const notYet = (number: string, call: number) => number === "2" && call < 4;

    const { lists, unreadable } = await fetched(2, (numbers, call) =>
      numbers.map((number) => (notYet(number, call) ? failed(number) : document(number))),
    );

    expect(lists).to.deep.equal([["1", "2"]]);
    expect(unreadable).to.deep.equal([]);
  });

  it("has every frame wherever the first body is cut", async () => {
    const length = concat(numbersTo(4).map((number) => document(number))).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(length), async (cut) => {
        const { text, unreadable } = await fetched(4, (numbers, call) => {
          const body = concat(numbers.map((number) => document(number)));
          return [call === 1 ? body.subarray(0, cut) : body];
        });

        expect(text).to.equal(numbersTo(4).map(whole).join(""));
        expect(unreadable).to.deep.equal([]);
      }),
      { numRuns: 300 },
    );
  });

  it("asks again for a fragment that is shorter than its listing, and at last keeps what there is of it", async () => {
    const short = (number: string) => concat([header(), named(number), cluster("short", [0, 25])]);

    const { text, unreadable, calls } = await fetched(2, (numbers) =>
      numbers.map((number) => (number === "2" ? short(number) : document(number))),
    );

    expect(text).to.equal(`${whole("1")}shortshort`);
    expect(unreadable).to.deep.equal([]);
    expect(calls).to.deep.equal([["1", "2"], ["2"], ["2"], ["2"]]);
  });

  it("takes no media for a fragment's that is named otherwise", async () => {
    const { lists, unreadable } = await fetched(2, (numbers) =>
      numbers.map((number) => document(number === "2" ? "22" : number)),
    );

    expect(lists).to.deep.equal([["1"]]);
    expect(unreadable).to.deep.equal(["2"]);
  });

  it("defers nothing for an error of the whole stream", async () => {
    const failure = await fetched(3, () => [document("1"), failed("2", "KMS_KEY_DISABLED", "4501")]).catch(
      (error: Error) => error,
    );

    expect(failure).to.include({ name: "StreamUnreadable" });
  });

  it("defers nothing for a call that is refused", async () => {
    const failure = await fetched(3, () => {
      throw Object.assign(new Error("slow down"), { name: "ClientLimitExceededException" });
    }).catch((error: Error) => error);

    expect(failure).to.include({ name: "ClientLimitExceededException" });
  });
});
