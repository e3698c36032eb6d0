import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { outcomeOf } from "../../archive/outcomes";

/** Starts an execution under a name; one that was started under it before is as good. */
export type StartExecution = (name: string, input: object) => Promise<void>;

/** Makes the port to one workflow. */
export function makeStartExecution(stateMachineArn: string): StartExecution {
  const stepFunctions = new SFNClient({});
  return async (name, input) => {
    const start = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
    try {
      await stepFunctions.send(start);
    } catch (error) {
      if (outcomeOf("StartExecution", error) !== "look") throw error;
    }
  };
}
