import { demand, isOf, type Rule } from "../rule";
import { addStatement, isAnyone, statementsOf } from "../statements";

const isKey = isOf("aws:kms/key:Key");

export const kmsRules: Rule[] = [
  {
    ids: ["AwsSolutions-KMS5", "CKV_AWS_7", "KMS.4", "F19"],
    says: "is rotated",
    applies: isKey,
    check: ({ inputs }) => demand(inputs.enableKeyRotation === true, "is not rotated"),
    violate({ inputs }) {
      inputs.enableKeyRotation = false;
    },
  },
  {
    ids: ["CKV_AWS_33", "F76"],
    says: "lets in nobody whom it does not name, by principal or by condition",
    applies: isKey,
    check: (key) =>
      demand(
        statementsOf(key).every(
          ({ effect, principals, conditions, isInverted }) =>
            effect === "Deny" ||
            !(isInverted || (principals.some(isAnyone) && Object.keys(conditions).length === 0)),
        ),
        "lets everyone in",
      ),
    violate: (key) =>
      addStatement(key, { Effect: "Allow", Principal: { AWS: "*" }, Action: "kms:Decrypt", Resource: "*" }),
  },
];
