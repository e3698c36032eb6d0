import { demand, isOf, type Rule } from "../rule";

const isStateMachine = isOf("aws:sfn/stateMachine:StateMachine");

export const stepFunctionsRules: Rule[] = [
  {
    ids: ["AwsSolutions-SF1", "CKV_AWS_285", "StepFunctions.1"],
    says: "logs every event",
    applies: isStateMachine,
    check: ({ inputs }) => demand(inputs.loggingConfiguration?.level === "ALL", "does not log every event"),
    violate({ inputs }) {
      inputs.loggingConfiguration = { level: "ERROR" };
    },
  },
  {
    ids: ["AwsSolutions-SF2", "CKV_AWS_284"],
    says: "is traced",
    applies: isStateMachine,
    check: ({ inputs }) => demand(inputs.tracingConfiguration?.enabled === true, "is not traced"),
    violate({ inputs }) {
      inputs.tracingConfiguration = { enabled: false };
    },
  },
];
