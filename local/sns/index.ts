import { queryService } from "../core/protocols";
import type { InvokeTarget, PublishToTopic, PutMetric, UseKey } from "../core/seams";
import { type CloudDeps, guarded, type HttpService, type Operations } from "../core/service";
import { openDeliveries } from "./deliveries";
import { openTopicMail } from "./mail";
import { makePublishOperations } from "./publishOperations";
import { makeSubscriptionOperations } from "./subscriptionOperations";
import { makeTopicOperations } from "./topicOperations";
import { openTopics } from "./topics";

/** Amazon SNS: standard topics with queues, functions and mail as subscribers. */
export interface Sns {
  http: HttpService;
  operations: Operations;
  publishToTopic: PublishToTopic;
  /** Stops deliveries; those that are owed go on at the next start. */
  close(): void;
}

/** Errors that have another code in the Query protocol. */
const QUERY_ERROR_CODES = { AccessDeniedException: "AuthorizationError" };

/** Makes SNS. Topics are in `sns/` of the data folder, with the mail that would have been sent. */
export function makeSns(
  deps: CloudDeps & { invokeTarget: InvokeTarget; putMetric: PutMetric; useKey: UseKey },
): Sns {
  const topics = openTopics(deps);
  const mail = openTopicMail(deps);
  const deliveries = openDeliveries(deps, topics, mail);
  const operations: Operations = guarded(deps, "sns", {
    ...makeTopicOperations(deps, topics),
    ...makeSubscriptionOperations(deps, topics, mail),
    ...makePublishOperations(deps, topics, deliveries),
  });
  const http = queryService({
    signingName: "sns",
    xmlNamespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    operations,
    queryErrorCodes: QUERY_ERROR_CODES,
  });
  return {
    http,
    operations,
    async publishToTopic({ topicArn: TopicArn, subject: Subject, message: Message, call }) {
      await operations.Publish?.({ TopicArn, Subject, Message } as never, call);
    },
    close: deliveries.close,
  };
}
