import { expect } from "chai";
import * as fc from "fast-check";
import { type Ack, makeAckReader } from "../../producer/acks";

function read(chunks: string[]): Ack[] {
  const acks: Ack[] = [];
  const reader = makeAckReader((ack) => acks.push(ack));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return acks;
}

const fragmentNumber = "91343852333181432392682062623983871206524124672";

describe("Acknowledgements of PutMedia", () => {
  const cases: { name: string; text: string; acks: Ack[] }[] = [
    {
      name: "one on each line",
      text:
        `{"EventType":"BUFFERING","FragmentTimecode":12345,"FragmentNumber":"${fragmentNumber}"}\n` +
        `{"EventType":"PERSISTED","FragmentTimecode":12345,"FragmentNumber":"${fragmentNumber}"}\r\n`,
      acks: [
        { eventType: "BUFFERING", fragmentTimecodeMs: 12345, fragmentNumber },
        { eventType: "PERSISTED", fragmentTimecodeMs: 12345, fragmentNumber },
      ],
    },
    {
      name: "without line breaks between them",
      text: `{"EventType":"RECEIVED","FragmentTimecode":0,"FragmentNumber":"1"}{"EventType":"IDLE"}`,
      acks: [{ eventType: "RECEIVED", fragmentTimecodeMs: 0, fragmentNumber: "1" }, { eventType: "IDLE" }],
    },
    {
      name: "numbers as strings, and a fragment number as a number",
      text: `{"EventType":"PERSISTED","FragmentTimecode":"77","FragmentNumber":${fragmentNumber}}`,
      acks: [{ eventType: "PERSISTED", fragmentTimecodeMs: 77, fragmentNumber }],
    },
    {
      name: "the wrapper that the API page shows",
      text: `{"Acknowledgement":{"EventType":"PERSISTED","FragmentTimecode":5,"FragmentNumber":"2"}}`,
      acks: [{ eventType: "PERSISTED", fragmentTimecodeMs: 5, fragmentNumber: "2" }],
    },
    {
      name: "an error with its number and name",
      text: `{"EventType":"ERROR","FragmentTimecode":9,"FragmentNumber":"3","ErrorId":4006,"ErrorCode":"INVALID_MKV_DATA"}`,
      acks: [
        {
          eventType: "ERROR",
          fragmentTimecodeMs: 9,
          fragmentNumber: "3",
          errorId: 4006,
          errorCode: "INVALID_MKV_DATA",
        },
      ],
    },
    {
      name: "members that are not known, with braces and quotes in them",
      text: `{ "EventType" : "IDLE", "Note" : "a \\"}{\\" b", "More" : { "x" : [1] } }`,
      acks: [{ eventType: "IDLE" }],
    },
  ];
  for (const { name, text, acks } of cases) {
    it(`are read: ${name}`, () => {
      const found = read([text]);

      expect(found).to.deep.equal(acks);
    });
  }

  const garbage: { name: string; text: string; message: RegExp }[] = [
    { name: "a web page", text: "<html>", message: /expected the \{ .* at "<"/ },
    { name: "JSON that is none", text: `{"EventType":IDLE}`, message: /JSON/ },
    { name: "an event that is not known", text: `{"EventType":"LOST"}`, message: /none of BUFFERING/ },
    { name: "an error without a number", text: `{"EventType":"ERROR"}`, message: /without ErrorId/ },
    {
      name: "a timecode that is not a number",
      text: `{"EventType":"IDLE","FragmentTimecode":"soon"}`,
      message: /FragmentTimecode is not a whole number/,
    },
    { name: "a line that ends too early", text: `{"EventType":"IDLE"`, message: /in the middle of it/ },
    { name: "more than 1,024 characters", text: `{"a":"${"x".repeat(1030)}"}`, message: /1024 characters/ },
  ];
  for (const { name, text, message } of garbage) {
    it(`are not read from ${name}, and what came before still counts`, () => {
      const acks: Ack[] = [];
      const reader = makeAckReader((ack) => acks.push(ack));
      const act = () => {
        reader.push(`{"EventType":"IDLE"}\n${text}`);
        reader.end();
      };

      expect(act).to.throw(message);

      expect(acks).to.deep.equal([{ eventType: "IDLE" }]);
    });
  }

  it("are the same however the response is cut", () => {
    const text = cases.map((one) => one.text).join("\n");
    const whole = cases.flatMap((one) => one.acks);

    const cutAnywhere = fc.array(fc.nat(text.length), { maxLength: 30 }).map((cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      return at.slice(1).map((end, index) => text.slice(at[index], end));
    });

    fc.assert(
      fc.property(cutAnywhere, (chunks) => {
        expect(read(chunks)).to.deep.equal(whole);
      }),
    );
  });
});
