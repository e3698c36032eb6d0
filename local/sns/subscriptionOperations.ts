import { randomBytes, randomUUID } from "node:crypto";
import type {
  ConfirmSubscriptionInput,
  GetSubscriptionAttributesInput,
  ListSubscriptionsByTopicInput,
  ListSubscriptionsInput,
  SetSubscriptionAttributesInput,
  SubscribeInput,
  UnsubscribeInput,
} from "@aws-sdk/client-sns";
import { byKey, page } from "../core/page";
import type { Call, CloudDeps, Operation } from "../core/service";
import { badToken, checks, invalidParameter } from "./inputs";
import type { TopicMail } from "./mail";
import { checkSubscriptionAttributes } from "./subscriptionAttributes";
import type { Protocol, Subscription, Topics } from "./topics";

const PROTOCOLS = ["sqs", "lambda", "email", "email-json"] as const;
const ENDPOINTS: Record<Protocol, [shape: RegExp, name: string]> = {
  sqs: [/^arn:aws:sqs:[\w-]+:\d{12}:[\w-]+$/, "SQS endpoint ARN"],
  lambda: [/^arn:aws:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/, "Lambda endpoint ARN"],
  email: [/^[^\s@]+@[^\s@]+$/, "Email address"],
  "email-json": [/^[^\s@]+@[^\s@]+$/, "Email address"],
};
const PAGE_SIZE = 100;

/** The operations on subscriptions. Mail is sent to a folder of this machine; who reads it can confirm. */
export function makeSubscriptionOperations({ accountId }: CloudDeps, store: Topics, mail: TopicMail) {
  const { subscriptions } = store;

  const list = (found: Subscription[], token: string | undefined) => {
    const sorted = found.sort(byKey(({ arn }) => arn));
    const listed = page(sorted, ({ arn }) => arn, { limit: PAGE_SIZE, token, badToken });
    const Subscriptions = listed.items.map(({ arn, owner, protocol, endpoint, topicArn, pendingToken }) => ({
      SubscriptionArn: pendingToken === undefined ? arn : "PendingConfirmation",
      Owner: owner,
      Protocol: protocol,
      Endpoint: endpoint,
      TopicArn: topicArn,
    }));
    return { Subscriptions, NextToken: listed.nextToken };
  };

  /** Permissions on subscriptions are permissions on their topics. */
  const open = async (action: string, subscriptionArn: string | undefined, call: Call) => {
    const arn = checks.required(subscriptionArn, "subscriptionArn");
    if (arn.split(":").length !== 7)
      throw invalidParameter("SubscriptionArn", `${arn} is not the ARN of a subscription`);
    await call.authorize(store.need(action, arn.split(":").slice(0, 6).join(":")));
    return arn;
  };

  const operations = {
    async Subscribe(input: SubscribeInput, call) {
      const { TopicArn } = input;
      const protocol = checks.required(input.Protocol, "protocol");
      const endpoint = checks.required(input.Endpoint, "endpoint");
      const context = { "sns:Protocol": protocol, "sns:Endpoint": endpoint };
      await call.authorize(store.need("Subscribe", TopicArn, context));
      const known = PROTOCOLS.find((name) => name === protocol);
      if (!known) {
        throw invalidParameter(
          "Protocol",
          `the local cloud delivers to ${PROTOCOLS.join(", ")}, not to ${protocol}`,
        );
      }
      const [shape, name] = ENDPOINTS[known];
      if (!shape.test(endpoint)) throw invalidParameter(name);
      checkSubscriptionAttributes(known, input.Attributes ?? {});
      const { topicArn, topic } = { topicArn: TopicArn as string, topic: store.find(TopicArn as string) };

      const existing = store
        .subscriptionsOf(topicArn)
        .find((other) => other.protocol === known && other.endpoint === endpoint);
      const isOther = ([attribute, value]: [string, string]) =>
        (existing?.attributes[attribute] ?? "") !== value;
      if (existing && Object.entries(input.Attributes ?? {}).some(isOther)) {
        throw invalidParameter("Attributes", "Subscription already exists with different attributes");
      }
      const isMail = known === "email" || known === "email-json";
      const subscription: Subscription = existing ?? {
        arn: `${topicArn}:${randomUUID()}`,
        topicArn,
        protocol: known,
        endpoint,
        owner: accountId,
        ...(isMail && { pendingToken: randomBytes(64).toString("hex") }),
        attributes: input.Attributes ?? {},
      };
      subscriptions[subscription.arn] = subscription;
      store.save();
      if (subscription.pendingToken !== undefined) mail.askToConfirm(topic, subscription);
      const showsArn =
        subscription.pendingToken === undefined || String(input.ReturnSubscriptionArn) === "true";
      return { SubscriptionArn: showsArn ? subscription.arn : "pending confirmation" };
    },

    async ConfirmSubscription(input: ConfirmSubscriptionInput, call) {
      await call.authorize(store.need("ConfirmSubscription", input.TopicArn));
      store.find(input.TopicArn as string);
      const token = checks.required(input.Token, "token");
      const subscription = store
        .subscriptionsOf(input.TopicArn as string)
        .find(({ pendingToken }) => pendingToken === token);
      if (!subscription) throw invalidParameter("Token");
      delete subscription.pendingToken;
      store.save();
      return { SubscriptionArn: subscription.arn };
    },

    async Unsubscribe(input: UnsubscribeInput, call) {
      const arn = await open("Unsubscribe", input.SubscriptionArn, call);
      delete subscriptions[arn];
      store.save();
      return undefined;
    },

    async GetSubscriptionAttributes(input: GetSubscriptionAttributesInput, call) {
      const arn = await open("GetSubscriptionAttributes", input.SubscriptionArn, call);
      const { attributes, topicArn, owner, protocol, endpoint, pendingToken } = store.findSubscription(arn);
      const described = {
        RawMessageDelivery: "false",
        ...attributes,
        ...(attributes.FilterPolicy && {
          FilterPolicyScope: attributes.FilterPolicyScope ?? "MessageAttributes",
        }),
        SubscriptionArn: arn,
        TopicArn: topicArn,
        Owner: owner,
        Protocol: protocol,
        Endpoint: endpoint,
        PendingConfirmation: String(pendingToken !== undefined),
        ConfirmationWasAuthenticated: String(pendingToken === undefined),
        SubscriptionPrincipal: `arn:aws:iam::${accountId}:root`,
      };
      return { Attributes: new Map(Object.entries(described)) };
    },

    async SetSubscriptionAttributes(input: SetSubscriptionAttributesInput, call) {
      const arn = await open("SetSubscriptionAttributes", input.SubscriptionArn, call);
      const subscription = store.findSubscription(arn);
      const name = checks.required(input.AttributeName, "attributeName");
      const value = input.AttributeValue ?? "";
      checkSubscriptionAttributes(subscription.protocol, { [name]: value });
      if (value === "") delete subscription.attributes[name];
      else subscription.attributes[name] = value;
      store.save();
      return undefined;
    },

    async ListSubscriptions(input: ListSubscriptionsInput, call) {
      await call.authorize({ action: "sns:ListSubscriptions", resource: "*" });
      return list(Object.values(subscriptions), input.NextToken);
    },

    async ListSubscriptionsByTopic(input: ListSubscriptionsByTopicInput, call) {
      await call.authorize(store.need("ListSubscriptionsByTopic", input.TopicArn));
      store.find(input.TopicArn as string);
      return list(store.subscriptionsOf(input.TopicArn as string), input.NextToken);
    },
  } satisfies Record<string, Operation>;
  return operations;
}
