import { demand, isOf, type Rule } from "../rule";

const isUserPool = isOf("aws:cognito/userPool:UserPool");

export const cognitoRules: Rule[] = [
  {
    ids: ["AwsSolutions-COG1"],
    says: "wants long passwords of several kinds of characters",
    applies: isUserPool,
    check({ inputs }) {
      const { minimumLength, requireUppercase, requireNumbers, requireSymbols } = inputs.passwordPolicy ?? {};
      return demand(
        minimumLength >= 8 && requireUppercase && requireNumbers && requireSymbols,
        "takes weak passwords",
      );
    },
    violate({ inputs }) {
      inputs.passwordPolicy = { minimumLength: 6 };
    },
  },
  {
    ids: ["AwsSolutions-COG2", "F78"],
    says: "takes a second factor, if the settings do not switch that off",
    applies: (resource, { settings }) => isUserPool(resource) && settings.devices?.mfa !== "off",
    check: ({ inputs }, { settings }) =>
      demand(
        inputs.mfaConfiguration === (settings.devices?.mfa === "required" ? "ON" : "OPTIONAL"),
        `has its second factor ${inputs.mfaConfiguration ?? "off"}`,
      ),
    violate({ inputs }) {
      inputs.mfaConfiguration = "OFF";
    },
  },
  {
    ids: ["AwsSolutions-COG7", "CKV_AWS_366", "Cognito.2", "W57"],
    says: "has no guests",
    applies: isOf("aws:cognito/identityPool:IdentityPool"),
    check: ({ inputs }) => demand(inputs.allowUnauthenticatedIdentities === false, "lets guests in"),
    violate({ inputs }) {
      inputs.allowUnauthenticatedIdentities = true;
    },
  },
];
