import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { expect } from "chai";
import { makeCloudWatch } from "../../../local/cloudWatch";
import { type ServedServices, serveServices } from "../../support/localService";
import { refusalOf } from "../../support/refusalOf";

const widget = { type: "text", x: 0, y: 0, width: 6, height: 3, properties: { markdown: "hello" } };
const bodyOf = (...widgets: object[]) => JSON.stringify({ widgets });

describe("CloudWatch dashboards", () => {
  let served: ServedServices;
  let client: CloudWatch;
  let stop: () => void;
  before(async () => {
    served = await serveServices((deps) => {
      const cloudWatch = makeCloudWatch({
        ...deps,
        publishEvent: () => undefined,
        invokeTarget: async () => undefined,
      });
      stop = cloudWatch.close;
      return [cloudWatch.http];
    });
    client = new CloudWatch(served.clientConfig);
  });
  after(async () => {
    stop();
    await served.close();
  });
  const put = (DashboardName: string, DashboardBody: string) =>
    client.putDashboard({ DashboardName, DashboardBody });
  it("are kept as they were put, listed by prefix, replaced and deleted", async () => {
    await put("derby-1", bodyOf(widget));
    await put("derby-2", bodyOf());
    await put("other", bodyOf());

    await put("derby-1", bodyOf(widget, widget));
    const kept = await client.getDashboard({ DashboardName: "derby-1" });
    const { DashboardEntries = [] } = await client.listDashboards({ DashboardNamePrefix: "derby" });
    await client.deleteDashboards({ DashboardNames: ["derby-1", "derby-2"] });

    expect(kept.DashboardArn).to.equal("arn:aws:cloudwatch::123456789012:dashboard/derby-1");
    expect(JSON.parse(kept.DashboardBody ?? "").widgets).to.have.length(2);
    expect(DashboardEntries.map(({ DashboardName }) => DashboardName)).to.deep.equal(["derby-1", "derby-2"]);
    expect((await refusalOf(client.getDashboard({ DashboardName: "derby-1" }))).name).to.equal(
      "DashboardNotFoundError",
    );
  });

  it("are deleted all or none", async () => {
    await put("stays", bodyOf());

    const error = await refusalOf(client.deleteDashboards({ DashboardNames: ["stays", "is-not"] }));

    expect(error.name).to.equal("DashboardNotFoundError");
    expect((await client.getDashboard({ DashboardName: "stays" })).DashboardName).to.equal("stays");
  });

  for (const [what, body] of [
    ["no JSON", "{"],
    ["no widgets", "{}"],
    ["a widget of an unknown type", bodyOf({ ...widget, type: "chart" })],
    ["a widget beyond the page", bodyOf({ ...widget, x: 24 })],
    ["half a unit", bodyOf({ ...widget, width: 4.5 })],
    ["more than 500 widgets", bodyOf(...Array(501).fill(widget))],
  ] as const) {
    it(`are refused with ${what}`, async () => {
      expect((await refusalOf(put("wrong", body))).name).to.equal("DashboardInvalidInputError");
    });
  }

  it("have names of letters, digits, dashes and underscores", async () => {
    expect((await refusalOf(put("lastframe/dev", bodyOf()))).name).to.equal("ValidationException");
  });
});
