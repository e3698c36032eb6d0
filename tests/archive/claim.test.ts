import { expect } from "chai";
import { changeClaim } from "../../archive/claim";
import { memoryVault } from "./memoryPorts";

describe("a claim", () => {
  it("finds its own writing where the client's repetition of a lost answer says that someone was faster", async () => {
    const vault = memoryVault();
    let writes = 0;
    const lossy = {
      ...vault,
      putIfAbsent: async (object: Parameters<typeof vault.putIfAbsent>[0]) => {
        writes += 1;
        await vault.putIfAbsent(object);
        return { outcome: "present" as const };
      },
      replace: async (object: Parameters<typeof vault.replace>[0], etag: string) => {
        writes += 1;
        await vault.replace(object, etag);
        return false;
      },
    };
    const target = { vault: lossy, prefix: "", streamName: "gate", nowMs: 0 };

    const taken = await changeClaim(target, () => "one");
    const passedOn = await changeClaim({ ...target, nowMs: 1 }, ({ holder }) =>
      holder === "one" ? "two" : undefined,
    );

    expect(taken).to.include({ holder: "one", generation: 1 });
    expect(passedOn).to.include({ holder: "two", generation: 2 });
    expect(writes).to.equal(2);
  });
});
