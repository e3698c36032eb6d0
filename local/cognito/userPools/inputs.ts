import { makeChecks } from "../../core/checks";
import { type AwsError, awsError } from "../../core/errors";

/** Cognito's error of a value that it does not take. */
export const invalidParameter = (message: string): AwsError =>
  awsError("InvalidParameterException", 400, message);

/** Cognito's error of a pool, client or user that is not there. */
export const notFound = (message: string): AwsError => awsError("ResourceNotFoundException", 400, message);

/** Cognito's error of someone who may not sign in or do what was asked. */
export const notAuthorized = (message: string): AwsError => awsError("NotAuthorizedException", 400, message);

/** Cognito's checks of inputs. */
export const checks = makeChecks(invalidParameter);
