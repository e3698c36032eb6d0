import { isAwsError } from "../core/errors";
import { makeCountMetric } from "../core/metrics";
import { type Outbox, type Owed, openOutbox } from "../core/outbox";
import type { InvokeTarget, PutMetric } from "../core/seams";
import type { CloudDeps } from "../core/service";

const FIRST_RETRY_MS = 1000;
/** With doubling up to eight minutes, the default 185 retries fill the default 24 hours, as AWS says they do. */
const LONGEST_RETRY_MS = 480_000;

/** One event on its way to one target; kept on disk until the target, or the dead-letter queue, has it. */
export interface Delivery extends Owed {
  ruleArn: string;
  target: { arn: string; roleArn?: string };
  deadLetterArn?: string;
  maximumRetryAttempts: number;
  maximumEventAgeMs: number;
  /** What the target gets. */
  payload: string;
  /** What the dead-letter queue gets: the event as the rule saw it. */
  event: string;
  receivedMs: number;
  retryAttempts: number;
}

/** Opens the deliveries in `eventbridge/deliveries` of the data folder, and goes on with those that were pending. */
export function openDeliveries(
  deps: CloudDeps & { invokeTarget: InvokeTarget; putMetric?: PutMetric },
): Outbox<Delivery> {
  const { clock, invokeTarget } = deps;
  const count = makeCountMetric(deps, "AWS/Events");
  const ofRule = (ruleArn: string) => ({ RuleName: ruleArn.split("/").at(-1) ?? "" });

  const attempt = async (delivery: Delivery, isClosed: () => boolean): Promise<number | undefined> => {
    const { target, ruleArn, payload } = delivery;
    count("Invocations", ofRule(ruleArn));
    try {
      await invokeTarget({
        ...target,
        payload,
        servicePrincipal: "events.amazonaws.com",
        sourceArn: ruleArn,
      });
      return undefined;
    } catch (error) {
      return isClosed() ? undefined : retryOrGiveUp(delivery, error);
    }
  };

  const retryOrGiveUp = async (delivery: Delivery, error: unknown): Promise<number | undefined> => {
    const code = errorCode(error);
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** delivery.retryAttempts, LONGEST_RETRY_MS);
    const nextAttemptMs = clock.nowMs() + delayMs;
    if (PERMANENT.includes(code)) return giveUp(delivery, error, undefined);
    if (delivery.retryAttempts >= delivery.maximumRetryAttempts) {
      return giveUp(delivery, error, "MaximumRetryAttempts");
    }
    if (nextAttemptMs > delivery.receivedMs + delivery.maximumEventAgeMs) {
      return giveUp(delivery, error, "MaximumEventAgeInSeconds");
    }
    delivery.retryAttempts += 1;
    return nextAttemptMs;
  };

  const giveUp = async (delivery: Delivery, cause: unknown, exhausted: string | undefined) => {
    const { deadLetterArn, ruleArn, target, event, retryAttempts } = delivery;
    count("FailedInvocations", ofRule(ruleArn));
    const what = `EventBridge could not deliver an event of ${ruleArn} to ${target.arn} (${messageOf(cause)})`;
    if (deadLetterArn === undefined) {
      console.error(`local cloud: ${what}; the target has no dead-letter queue, so the event is dropped`);
      return undefined;
    }
    try {
      await invokeTarget({
        arn: deadLetterArn,
        servicePrincipal: "events.amazonaws.com",
        sourceArn: ruleArn,
        payload: event,
        messageAttributes: {
          RULE_ARN: ruleArn,
          TARGET_ARN: target.arn,
          ERROR_CODE: errorCode(cause),
          ERROR_MESSAGE: messageOf(cause),
          RETRY_ATTEMPTS: String(retryAttempts),
          ...(exhausted && { EXHAUSTED_RETRY_CONDITION: exhausted }),
        },
      });
      count("InvocationsSentToDlq", ofRule(ruleArn));
    } catch (error) {
      count("InvocationsFailedToBeSentToDlq", ofRule(ruleArn));
      console.error(
        `local cloud: ${what}, nor to ${deadLetterArn} (${messageOf(error)}); the event is dropped`,
      );
    }
    return undefined;
  };

  return openOutbox(deps, "eventbridge/deliveries", attempt);
}

/** Errors that no retry mends; such events go to the dead-letter queue at once. */
const PERMANENT = ["NO_PERMISSIONS", "NO_RESOURCE", "INVALID_PARAMETER", "RESOURCE_ALREADY_EXISTS"];

const CODES: [RegExp, string][] = [
  [/AccessDenied|NotAuthorized/, "NO_PERMISSIONS"],
  [/NotFound|DoesNotExist|NonExistent|NoSuch/, "NO_RESOURCE"],
  [/AlreadyExists/, "RESOURCE_ALREADY_EXISTS"],
  [/Throttl|TooManyRequests/, "THROTTLING"],
  [/LimitExceeded/, "RESOURCE_LIMIT_EXCEEDED"],
  [/Validation|InvalidParameter|InvalidArn|InvalidName|InvalidExecutionInput/, "INVALID_PARAMETER"],
];

/** A target's error in the words of ERROR_CODE ("Using dead-letter queues", EventBridge user guide). */
function errorCode(error: unknown): string {
  if (!isAwsError(error)) return "INTERNAL_ERROR";
  return CODES.find(([pattern]) => pattern.test(error.code))?.[1] ?? "ERROR_FROM_TARGET";
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
