import type { Call } from "../core/service";
import { readTags, type Tag } from "./input";
import { findMachine, machineNeed, type StateMachines } from "./stateMachines";

/** The operations on a state machine's tags. */
export function makeTagOperations(machines: StateMachines) {
  const open = async (action: string, arn: string | undefined, call: Call) => {
    await call.authorize(machineNeed(machines, action, arn ?? "*"));
    return findMachine(machines, arn);
  };
  return {
    async ListTagsForResource(input: { resourceArn?: string }, call: Call) {
      const { tags } = await open("ListTagsForResource", input.resourceArn, call);
      return { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) };
    },
    async TagResource(input: { resourceArn?: string; tags?: Tag[] }, call: Call) {
      const machine = await open("TagResource", input.resourceArn, call);
      machine.tags = readTags(input.tags ?? [], machine.tags);
      machines.save();
      return undefined;
    },
    async UntagResource(input: { resourceArn?: string; tagKeys?: string[] }, call: Call) {
      const machine = await open("UntagResource", input.resourceArn, call);
      for (const key of input.tagKeys ?? []) delete machine.tags[key];
      machines.save();
      return undefined;
    },
  };
}
