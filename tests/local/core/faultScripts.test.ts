import { expect } from "chai";
import { makeClock } from "../../../local/core/clock";
import { makeFaults } from "../../../local/core/faults";
import type { Call } from "../../../local/core/service";

describe("a script of faults", () => {
  const functions = { runs: () => false, kill: async () => undefined };
  const faults = makeFaults({ clock: makeClock(), functions });
  const nothing = async (_input: object, _call: Call) => undefined;
  faults.guard("s3", { PutObject: nothing, GetObject: nothing, ListObjectsV2: nothing });
  faults.guard("kinesisvideo", { ListFragments: nothing, GetClip: nothing });
  faults.guard("kinesisvideo", { PutMedia: nothing });

  const put = { service: "s3", action: "PutObject" };
  const wrong: [unknown, RegExp][] = [
    [undefined, /^faults: .*expected object/],
    [{ seed: 1 }, /^faults\.rules: .*expected array/],
    [{ rules: [], sede: 1 }, /^faults: Unrecognized key: "sede"/],
    [{ rules: [{ ...put, throttle: true, chance: 1 }] }, /^faults\.rules\[0\]: Unrecognized key: "chance"/],
    [{ rules: [put] }, /^faults\.rules\[0\]: has no effect; write exactly one of fail, throttle, delayMs/],
    [
      { rules: [{ ...put, throttle: true, delayMs: 5 }] },
      /^faults\.rules\[0\]: has throttle and delayMs; write/,
    ],
    [{ rules: [{ ...put, cut: "later" }] }, /^faults\.rules\[0\]\.cut: .*"before"\|"during"\|"after"/],
    [{ rules: [{ ...put, fail: { code: "Oops", status: 200 } }] }, /^faults\.rules\[0\]\.fail\.status: /],
    [{ rules: [{ ...put, probability: 2, throttle: true }] }, /^faults\.rules\[0\]\.probability: /],
    [{ rules: [{ ...put, calls: [0], throttle: true }] }, /^faults\.rules\[0\]\.calls\[0\]: /],
    [{ rules: [{ ...put, cut: "after", atByte: 5 }] }, /^faults\.rules\[0\]\.atByte: goes with cut: during/],
    [{ rules: [{ ...put, lagMs: 5 }] }, /^faults\.rules\[0\]\.action: does not lag; only ListFragments does/],
    [
      { rules: [{ service: "s3", action: "ListObjectsV2", cut: "during" }] },
      /^faults\.rules\[0\]\.action: has no body to be in the middle of; during needs one of GetClip, /,
    ],
    [
      { rules: [{ service: "kinesisvideo", action: "PutMedia", cut: "after" }] },
      /^faults\.rules\[0\]\.cut: cannot be after of PutMedia/,
    ],
    [
      {
        rules: [
          { ...put, throttle: true },
          { service: "s4", action: "*", throttle: true },
        ],
      },
      /^faults\.rules\[1\]\.service: there is no s4 here; write one of s3, kinesisvideo, or \*$/,
    ],
    [
      { rules: [{ service: "s3", action: "PutObjekt", throttle: true }] },
      /^faults\.rules\[0\]\.action: s3 has no PutObjekt here; write an action's name, or \*$/,
    ],
  ];
  for (const [script, message] of wrong) {
    it(`is refused in one line: ${JSON.stringify(script)}`, () => {
      expect(() => faults.use(script)).to.throw(Error, message);
    });
  }

  it("that is refused leaves the one before in force", async () => {
    const { PutObject } = faults.guard("s3", { PutObject: nothing });
    const call = { caller: { arn: "arn:aws:iam::123456789012:root" } } as Call;
    faults.use({ rules: [{ ...put, throttle: true }] });

    expect(() => faults.use({ rules: [put] })).to.throw();
    const error = await PutObject({}, call).catch((thrown: Error) => thrown);

    expect(error).to.include({ code: "SlowDown", statusCode: 503 });
  });
});
