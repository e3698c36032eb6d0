/** The package brings no types. */
declare module "asl-validator" {
  interface ValidationResult {
    isValid: boolean;
    /** Findings of the JSON schema and of the validator's own checks. */
    errors: object[];
    errorsText(separator?: string): string;
  }
  function validateAsl(
    definition: object,
    options?: { checkPaths: boolean; checkArn: boolean },
  ): ValidationResult;
  export = validateAsl;
}
