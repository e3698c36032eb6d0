import { demand, isOf, type Rule } from "../rule";

export const eventBridgeRules: Rule[] = [
  {
    ids: ["EventBusDLQ"],
    says: "keeps events that could not be delivered",
    applies: isOf("aws:cloudwatch/eventTarget:EventTarget"),
    check: ({ inputs }) => demand(inputs.deadLetterConfig?.arn, "loses what could not be delivered"),
    violate({ inputs }) {
      delete inputs.deadLetterConfig;
    },
  },
];
