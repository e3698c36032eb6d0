import { entryOf } from "../core/entryOf";
import { awsError } from "../core/errors";
import type { CloudDeps } from "../core/service";

/** An event bus, as it is stored; the default one is there without being stored. */
export interface Bus {
  name: string;
  description?: string;
  tags: Record<string, string>;
  createdMs: number;
}

/** The account's event buses. */
export interface Buses {
  /** Those that were made, by name. */
  made: Record<string, Bus>;
  /** The default one first, then those that were made. */
  list(): Bus[];
  /** @throws ResourceNotFoundException */
  find(name: string): Bus;
  arnOf(name: string): string;
  save(): void;
}

/** The bus of the account that is always there, on which AWS's services put their events. */
export const DEFAULT_BUS = "default";

/** The name of the bus that a call means by name or ARN; the default one where it names none. */
export const busName = (nameOrArn: string | undefined): string =>
  nameOrArn?.replace(/^arn:.*:event-bus\//, "") ?? DEFAULT_BUS;

/** Opens the buses in `eventbridge/buses` of the data folder. */
export function openBuses({ store, region, accountId }: CloudDeps): Buses {
  const document = store.document<Record<string, Bus>>("eventbridge/buses", {});
  const made = document.value;
  const standing: Bus = { name: DEFAULT_BUS, tags: {}, createdMs: 0 };
  return {
    made,
    list: () => [standing, ...Object.values(made)],
    find(name) {
      const bus = name === DEFAULT_BUS ? standing : entryOf(made, name);
      if (!bus) throw awsError("ResourceNotFoundException", 400, `Event bus ${name} does not exist.`);
      return bus;
    },
    arnOf: (name) => `arn:aws:events:${region}:${accountId}:event-bus/${name}`,
    save: () => document.save(),
  };
}
