/**
 * What is done about an error:
 * - `again`: the call is made again at once, with jitter, by the SDK or beside it;
 * - `later`: it is thrown, and the workflow or the schedule comes back;
 * - `alert`: it is thrown too, and since nothing mends it but a person, one is told (`Archiving Failed`);
 * - `fallBack`: it will never be answered as it was asked: a clip's fragments are fetched by number, fragments that were
 *   asked for together in halves, and one that is refused alone is deferred;
 * - `look`: someone else may have been faster, and what lies under the key decides;
 * - `absent`: there is nothing of that name, which is an answer.
 */
export type Outcome = "again" | "later" | "alert" | "fallBack" | "look" | "absent";

type Outcomes = Record<string, Outcome>;

/**
 * Errors that any API may answer
 * (https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/CommonErrors.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
 */
const ANYWHERE: Outcomes = {
  AccessDenied: "alert",
  AccessDeniedException: "alert",
  ExpiredToken: "later",
  ExpiredTokenException: "later",
  InternalError: "again",
  InternalFailure: "again",
  InternalServerError: "again",
  NotAuthorizedException: "alert",
  OptInRequired: "alert",
  RequestTimeout: "again",
  ServiceUnavailable: "again",
  SlowDown: "again",
  Throttling: "again",
  ThrottlingException: "again",
  TooManyRequestsException: "again",
  UnrecognizedClientException: "alert",
};

/** Errors that all APIs of Kinesis Video Streams document. Throttling has a name here that the SDK does not know. */
const KINESIS_VIDEO: Outcomes = {
  ClientLimitExceededException: "again",
  InvalidArgumentException: "alert",
  NotAuthorizedException: "alert",
  // The stream is deleted; of GetClip also: nothing is held in the range any more. The next round describes it anew.
  ResourceNotFoundException: "later",
};

/** Errors of the caller's pace, which say nothing of what was asked for. */
const THROTTLES = [
  "ClientLimitExceededException",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
];

/** Errors of reading and writing an encrypted object, of a bucket that is gone, of bytes that changed on the way. */
const S3: Outcomes = {
  BadDigest: "again",
  EncryptionTypeMismatch: "alert",
  InvalidObjectState: "alert",
  InvalidRequest: "alert",
  "KMS.DisabledException": "alert",
  "KMS.KMSInvalidStateException": "alert",
  "KMS.NotFoundException": "alert",
  NoSuchBucket: "alert",
};

/** A conditional write that was not to be, for whatever reason. */
const DECIDED: Outcomes = {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
  ConditionalRequestConflict: "look",
  PreconditionFailed: "look",
};

/** Every documented error of every API that is called, and what is done about it. */
export const OUTCOMES: Record<string, Outcomes> = {
  DescribeStream: { ...KINESIS_VIDEO, ResourceNotFoundException: "absent" },
  GetDataEndpoint: KINESIS_VIDEO,
  TagStream: {
    ...KINESIS_VIDEO,
    InvalidResourceFormatException: "alert",
    TagsPerResourceExceededLimitException: "alert",
  },
  UntagStream: { ...KINESIS_VIDEO, InvalidResourceFormatException: "alert" },
  UpdateDataRetention: {
    ...KINESIS_VIDEO,
    ResourceInUseException: "later",
    VersionMismatchException: "later",
  },
  UpdateNotificationConfiguration: {
    ...KINESIS_VIDEO,
    AccessDeniedException: "alert",
    NoDataRetentionException: "alert",
    ResourceInUseException: "later",
    ResourceNotFoundException: "absent",
  },
  ListFragments: KINESIS_VIDEO,
  GetClip: {
    ...KINESIS_VIDEO,
    // The range came from a listing, so the argument is not wrong. How a change of codec data is named, is not documented.
    InvalidArgumentException: "fallBack",
    InvalidCodecPrivateDataException: "fallBack",
    InvalidMediaFrameException: "fallBack",
    MissingCodecPrivateDataException: "fallBack",
    NoDataRetentionException: "alert",
    UnsupportedStreamMediaTypeException: "fallBack",
  },
  // The whole call is refused for one number that the service calls invalid (amazon-kinesis-video-streams-parser-library#50).
  GetMediaForFragmentList: { ...KINESIS_VIDEO, InvalidArgumentException: "fallBack" },
  GetObject: { ...S3, NoSuchKey: "absent", NoSuchVersion: "absent" },
  ListObjectsV2: S3,
  ListObjectVersions: S3,
  HeadObject: { ...S3, NotFound: "absent" },
  PutObject: { ...S3, ...DECIDED, InvalidWriteOffset: "alert", TooManyParts: "alert" },
  CreateMultipartUpload: S3,
  UploadPart: { ...S3, NoSuchUpload: "later" },
  CompleteMultipartUpload: {
    ...S3,
    ...DECIDED,
    EntityTooSmall: "alert",
    InvalidPart: "later",
    InvalidPartOrder: "later",
    // Its parts are gone, as after a completion whose answer was lost.
    NoSuchUpload: "look",
  },
  AbortMultipartUpload: { ...S3, NoSuchUpload: "absent" },
  DescribeAlarms: { InvalidNextToken: "later" },
  ListTagsForResource: {
    InternalServiceFault: "again",
    InvalidParameterValueException: "alert",
    ResourceNotFoundException: "later",
  },
  PutMetricData: {
    InternalServiceFault: "again",
    InvalidParameterCombinationException: "alert",
    InvalidParameterValueException: "alert",
    MissingRequiredParameterException: "alert",
  },
  PutEvents: { InternalException: "again" },
  StartExecution: {
    // Whoever started it under this name did what was to be done.
    ExecutionAlreadyExists: "look",
    ExecutionLimitExceeded: "later",
    InvalidArn: "alert",
    InvalidExecutionInput: "alert",
    InvalidName: "alert",
    KmsAccessDeniedException: "alert",
    KmsInvalidStateException: "alert",
    KmsThrottlingException: "again",
    StateMachineDeleting: "later",
    StateMachineDoesNotExist: "alert",
    ValidationException: "alert",
  },
};

/** What is done about an error that an API answered; about one that nobody documented, the next round is tried. */
export function outcomeOf(api: string, error: unknown): Outcome {
  const name = (error as { name?: string }).name ?? "";
  return OUTCOMES[api]?.[name] ?? ANYWHERE[name] ?? "later";
}

/** Whether an error may be of just the fragments that were asked for, so that others can be read meanwhile. */
export function mayBeOfFragments(error: unknown): boolean {
  const { name = "" } = error as { name?: string };
  return outcomeOf("GetMediaForFragmentList", error) !== "alert" && !THROTTLES.includes(name);
}

/** Whether an error needs a person, whichever API answered it. */
export function needsPerson(error: unknown): boolean {
  const outcomes = Object.keys(OUTCOMES).map((api) => outcomeOf(api, error));
  return outcomes.includes("alert") && !outcomes.includes("again");
}
