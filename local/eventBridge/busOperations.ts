import type {
  CreateEventBusRequest,
  DeleteEventBusRequest,
  DescribeEventBusRequest,
  ListEventBusesRequest,
} from "@aws-sdk/client-eventbridge";
import type { Clock } from "../core/clock";
import { awsError } from "../core/errors";
import { byKey, page } from "../core/page";
import type { Operation } from "../core/service";
import { resourceTagContext } from "../core/tagContext";
import { type Bus, type Buses, busName, DEFAULT_BUS } from "./buses";
import { badToken, checks, invalid, nameOf } from "./inputs";
import type { Rules } from "./rules";
import { tagsOf } from "./tagOperations";

/** The operations on event buses. */
export function makeBusOperations(clock: Clock, buses: Buses, rules: Rules) {
  const describe = ({ name, description, createdMs }: Bus) => ({
    Name: name,
    Arn: buses.arnOf(name),
    Description: description,
    CreationTime: createdMs / 1000,
    LastModifiedTime: createdMs / 1000,
  });
  const need = (action: string, name: string) => ({
    action: `events:${action}`,
    resource: buses.arnOf(name),
    context: resourceTagContext(buses.list().find((bus) => bus.name === name)?.tags),
  });

  const operations = {
    async CreateEventBus(input: CreateEventBusRequest, call) {
      const name = nameOf(input.Name, "name");
      const tags = tagsOf(input.Tags);
      await call.authorize(
        need("CreateEventBus", name),
        ...(input.Tags?.length ? [need("TagResource", name)] : []),
      );
      checks.unsupported(input, ["EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"]);
      if (buses.list().some((bus) => bus.name === name)) {
        throw awsError("ResourceAlreadyExistsException", 400, `Event bus ${name} already exists.`);
      }
      buses.made[name] = { name, description: input.Description, tags, createdMs: clock.nowMs() };
      buses.save();
      return { EventBusArn: buses.arnOf(name), Description: input.Description };
    },

    async DeleteEventBus(input: DeleteEventBusRequest, call) {
      const name = nameOf(input.Name, "name");
      await call.authorize(need("DeleteEventBus", name));
      if (name === DEFAULT_BUS) throw invalid(`Cannot delete event bus ${name}.`);
      if (rules.all().some(({ bus }) => bus === name)) {
        throw invalid(`Event bus ${name} cannot be deleted: it has rules.`);
      }
      // A bus that is not there is deleted already, to EventBridge.
      delete buses.made[name];
      buses.save();
      return undefined;
    },

    async DescribeEventBus(input: DescribeEventBusRequest, call) {
      const name = busName(input.Name);
      await call.authorize(need("DescribeEventBus", name));
      return describe(buses.find(name));
    },

    async ListEventBuses(input: ListEventBusesRequest, call) {
      await call.authorize({ action: "events:ListEventBuses", resource: "*" });
      const found = buses
        .list()
        .filter(({ name }) => name.startsWith(input.NamePrefix ?? ""))
        .sort(byKey(({ name }) => name));
      const listed = page(found, ({ name }) => name, {
        limit: checks.range(input.Limit, "limit", 1, 100) ?? 100,
        token: input.NextToken,
        badToken,
      });
      return { EventBuses: listed.items.map(describe), NextToken: listed.nextToken };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
