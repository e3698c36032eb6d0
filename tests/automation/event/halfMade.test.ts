import { expect } from "chai";
import { idsOfHalfMade } from "../../../automation/event/halfMade";
import type { EventRecord } from "../../../automation/event/record";
import type { Tools } from "../../../automation/event/tools";

describe("what an engine was making when it died", () => {
  it("may be a provider, which is given nothing: the next engine makes its own", async () => {
    const urn = "urn:pulumi:event-20261122-derby::lastframe::pulumi:providers:pulumi::default";
    const provider = { urn, type: "pulumi:providers:pulumi" };

    const ids = await idsOfHalfMade({} as Tools, {} as EventRecord, [provider]);

    expect([...ids]).to.deep.equal([]);
  });
});
