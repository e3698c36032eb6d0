import { type AwsError, awsError } from "../core/errors";
import type { CredentialScope } from "../core/server";
import type { HttpRequest } from "../core/service";

/** What can be wrong with a signature, as one family of services says it. */
export interface SignatureErrors {
  incomplete(problem: string): AwsError;
  wrongRegion(given: string, expected: string): AwsError;
  /** Signed too long ago or too far ahead; the instants are ISO 8601. */
  skewed(signedAt: string, now: string, toleranceMinutes: number): AwsError;
  presignedExpired(expiredAt: string, now: string): AwsError;
  unknownKey(): AwsError;
  invalidToken(): AwsError;
  expiredToken(): AwsError;
  mismatch(): AwsError;
}

/**
 * The errors of the family that a request belongs to. Sources: S3's "Error responses", and the pages "Common errors" of the
 * Query and of the JSON services. CloudWatch and SQS answer in the protocol that they are asked in.
 */
export function signatureErrors(request: HttpRequest, scope: CredentialScope): SignatureErrors {
  if (scope.signingName === "s3") return s3Errors;
  const form = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  return form || scope.signingName === "iam" || scope.signingName === "sts" ? queryErrors : jsonErrors;
}

const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";

const s3Errors: SignatureErrors = {
  incomplete: (problem) =>
    awsError("AuthorizationHeaderMalformed", 400, `The authorization is malformed: ${problem}`),
  wrongRegion: (given, expected) =>
    awsError(
      "AuthorizationHeaderMalformed",
      400,
      `The authorization header is malformed; the region '${given}' is wrong; expecting '${expected}'`,
      { Region: expected },
    ),
  skewed: (signedAt, now, toleranceMinutes) =>
    awsError(
      "RequestTimeTooSkewed",
      403,
      "The difference between the request time and the current time is too large.",
      { RequestTime: signedAt, ServerTime: now, MaxAllowedSkewMilliseconds: toleranceMinutes * 60_000 },
    ),
  presignedExpired: (expiredAt, now) =>
    awsError("AccessDenied", 403, "Request has expired", { Expires: expiredAt, ServerTime: now }),
  unknownKey: () =>
    awsError("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
  invalidToken: () => awsError("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
  expiredToken: () => awsError("ExpiredToken", 400, "The provided token has expired."),
  mismatch: () => awsError("SignatureDoesNotMatch", 403, MISMATCH),
};

/** The Query and the JSON services say the same under different names. */
function namedErrors(names: {
  incomplete: string;
  mismatch: string;
  unknownKey: string;
  expiredToken: string;
}): SignatureErrors {
  const mismatch = (message: string) => awsError(names.mismatch, 403, message);
  const unknown = () =>
    awsError(names.unknownKey, 403, "The security token included in the request is invalid.");
  return {
    incomplete: (problem) => awsError(names.incomplete, 400, `The authorization is incomplete: ${problem}`),
    wrongRegion: (given, expected) =>
      mismatch(`Credential should be scoped to a valid region: it names ${given}, this is ${expected}.`),
    skewed: (signedAt, now, toleranceMinutes) =>
      signedAt < now
        ? mismatch(`Signature expired: ${signedAt} is now earlier than ${now} - ${toleranceMinutes} min.`)
        : mismatch(
            `Signature not yet current: ${signedAt} is still later than ${now} + ${toleranceMinutes} min.`,
          ),
    presignedExpired: (expiredAt, now) =>
      mismatch(`Signature expired: ${expiredAt} is now earlier than ${now}.`),
    unknownKey: unknown,
    invalidToken: unknown,
    expiredToken: () =>
      awsError(names.expiredToken, 403, "The security token included in the request is expired"),
    mismatch: () => mismatch(MISMATCH),
  };
}

const queryErrors = namedErrors({
  incomplete: "IncompleteSignature",
  mismatch: "SignatureDoesNotMatch",
  unknownKey: "InvalidClientTokenId",
  expiredToken: "ExpiredToken",
});

const jsonErrors = namedErrors({
  incomplete: "IncompleteSignatureException",
  mismatch: "InvalidSignatureException",
  unknownKey: "UnrecognizedClientException",
  expiredToken: "ExpiredTokenException",
});
