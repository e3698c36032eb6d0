import type {
  DeleteDashboardsInput,
  GetDashboardInput,
  ListDashboardsInput,
  PutDashboardInput,
} from "@aws-sdk/client-cloudwatch";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { CloudDeps, Operation } from "../core/service";
import { badToken, checks } from "./inputs";

interface Dashboard {
  name: string;
  body: string;
  modifiedMs: number;
}

/** "Dashboards: metric widgets" quota: widgets of one dashboard. */
const MAX_WIDGETS = 500;
const PAGE = 100;
const WIDGET_TYPES = ["alarm", "custom", "explorer", "log", "metric", "text"];

/**
 * The operations on dashboards. A body is kept as it is when it is one that CloudWatch could lay out
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html); nobody
 * draws it here.
 */
export function makeDashboardOperations({ store, clock, accountId }: CloudDeps) {
  const document = store.document<Record<string, Dashboard>>("cloudwatch/dashboards", {});
  const dashboards = document.value;
  const arnOf = (name: string) => `arn:aws:cloudwatch::${accountId}:dashboard/${name}`;
  const nameOf = (name: string | undefined) =>
    checks.required(checks.pattern(name, "dashboardName", /^[\w-]{1,255}$/), "dashboardName");
  const need = (action: string, name: string) => ({ action: `cloudwatch:${action}`, resource: arnOf(name) });
  const find = (name: string) => {
    const dashboard = dashboards[name];
    if (!dashboard) throw awsError("DashboardNotFoundError", 404, `Dashboard ${name} does not exist`);
    return dashboard;
  };

  return {
    async PutDashboard(input: PutDashboardInput, call) {
      const name = nameOf(input.DashboardName);
      const body = checks.required(input.DashboardBody, "dashboardBody");
      await call.authorize(need("PutDashboard", name));
      checkBody(body);
      dashboards[name] = { name, body, modifiedMs: clock.nowMs() };
      document.save();
      return { DashboardValidationMessages: [] };
    },

    async GetDashboard(input: GetDashboardInput, call) {
      const name = nameOf(input.DashboardName);
      await call.authorize(need("GetDashboard", name));
      const { body } = find(name);
      return { DashboardName: name, DashboardArn: arnOf(name), DashboardBody: body };
    },

    async ListDashboards({ DashboardNamePrefix = "", NextToken }: ListDashboardsInput, call) {
      await call.authorize({ action: "cloudwatch:ListDashboards", resource: "*" });
      const nameIn = ({ name }: Dashboard) => name;
      const matching = Object.values(dashboards).filter(({ name }) => name.startsWith(DashboardNamePrefix));
      const shown = page(matching.sort(byKey(nameIn)), nameIn, { limit: PAGE, token: NextToken, badToken });
      return {
        DashboardEntries: shown.items.map(({ name, body, modifiedMs }) => ({
          DashboardName: name,
          DashboardArn: arnOf(name),
          LastModified: modifiedMs / 1000,
          Size: Buffer.byteLength(body),
        })),
        NextToken: shown.nextToken,
      };
    },

    async DeleteDashboards(input: DeleteDashboardsInput, call) {
      const names = checks.required(input.DashboardNames, "dashboardNames").map(nameOf);
      for (const name of names) await call.authorize(need("DeleteDashboards", name));
      // All of them or none.
      for (const name of names) find(name);
      for (const name of names) delete dashboards[name];
      document.save();
      return {};
    },
  } satisfies Record<string, Operation>;
}

/** @throws DashboardInvalidInputError that lists everything that is wrong */
function checkBody(body: string): void {
  const problems = problemsOf(parse(body));
  if (problems.length === 0) return;
  throw awsError("DashboardInvalidInputError", 400, "The dashboard body is invalid", {
    dashboardValidationMessages: problems.map(([DataPath, Message]) => ({ DataPath, Message })),
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function problemsOf(body: unknown): [path: string, message: string][] {
  const widgets = (body as { widgets?: unknown } | undefined)?.widgets;
  if (!Array.isArray(widgets)) return [["", "The body must be a JSON object with a list of widgets"]];
  if (widgets.length > MAX_WIDGETS) return [["/widgets", `There can be at most ${MAX_WIDGETS} widgets`]];
  return (widgets as Record<string, unknown>[]).flatMap((widget, index) => {
    const path = `/widgets/${index}`;
    const problems: [string, string][] = [];
    if (!WIDGET_TYPES.includes(String(widget.type)))
      problems.push([`${path}/type`, `Should be one of ${WIDGET_TYPES.join(", ")}`]);
    if (typeof widget.properties !== "object")
      problems.push([`${path}/properties`, "Should have required property"]);
    const isWithin = (member: string, from: number, to: number) => {
      const value = widget[member];
      if (value !== undefined && !(Number.isInteger(value) && Number(value) >= from && Number(value) <= to))
        problems.push([`${path}/${member}`, `Should be a whole number from ${from} to ${to}`]);
    };
    isWithin("x", 0, 23);
    isWithin("y", 0, Number.MAX_SAFE_INTEGER);
    isWithin("width", 1, 24);
    isWithin("height", 1, 1000);
    return problems;
  });
}
