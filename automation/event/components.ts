import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { StackState } from "./stackState";

/** A resource of a component, as it is planned, made or removed. */
export interface ResourceStep {
  /** The component's type without its package: `Recorder`. What belongs to none has its own type. */
  component: string;
  urn: string;
}

/** What is told while the engine works. */
export interface EngineListener {
  planned(step: Pick<ResourceStep, "component">): void;
  done(step: ResourceStep): void;
}

/** The stack itself and its providers are no resources that a person waits for. */
const isCounted = (type: string) => !type.startsWith("pulumi:");

const componentOf = (type: string, parents: string | undefined): string =>
  parents && !parents.startsWith("pulumi:")
    ? parents
    : (type.startsWith("pulumi:") ? type : type.split(":").at(-1)) || type;

/** Tells of each resource when the program asks for it: that is at once, while the engine makes them one by one. */
export function countPlanned(listener: EngineListener): void {
  const components = new Map<pulumi.Resource, string>();
  pulumi.runtime.registerStackTransformation(({ resource, type, opts }) => {
    const component = componentOf(type, opts.parent && components.get(opts.parent));
    components.set(resource, component);
    if (isCounted(type)) listener.planned({ component });
    return undefined;
  });
}

/**
 * Tells of each resource that the engine is done with.
 * @param known what is there already: it is removed before the component that it belongs to
 * @returns takes the engine's events
 */
export function countDone(listener: EngineListener, known: ResourceStep[] = []) {
  const components = new Map(known.map(({ urn, component }) => [urn, component]));
  return ({ resourcePreEvent, resOutputsEvent }: EngineEvent): void => {
    const metadata = resourcePreEvent?.metadata ?? resOutputsEvent?.metadata;
    if (!metadata) return;
    const { urn, type, old, new: next } = metadata;
    const component = components.get(urn) ?? componentOf(type, components.get((next ?? old)?.parent ?? ""));
    components.set(urn, component);
    if (resOutputsEvent && isCounted(type)) listener.done({ component, urn });
  };
}

/** The resources in a stack's state. */
export function heldBy({ resources = [] }: StackState): ResourceStep[] {
  const components = new Map<string, string>();
  return resources.flatMap(({ urn, type, parent = "" }) => {
    const component = componentOf(type, components.get(parent));
    components.set(urn, component);
    return isCounted(type) ? [{ component, urn }] : [];
  });
}
