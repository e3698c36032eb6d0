import { makeChecks } from "../core/checks";
import { type AwsError, awsError } from "../core/errors";

/** KMS's checks of inputs. */
export const checks = makeChecks((message) => awsError("ValidationException", 400, message));

/** KMS's error of a key or alias that is not there. */
export const notFound = (message: string): AwsError => awsError("NotFoundException", 400, message);

/** KMS's error of a value that is well formed but not possible. */
export const validation = (message: string): AwsError => awsError("ValidationException", 400, message);

/** The error of a marker that no listing gave. */
export const badMarker = (): AwsError =>
  awsError("InvalidMarkerException", 400, "The marker is not one that this operation gave");

/** A listing's page size and place, as KMS names them. */
export interface PageInput {
  Limit?: number;
  Marker?: string;
}
