import { randomInt } from "node:crypto";
import type {
  AssociateSoftwareTokenRequest,
  ChangePasswordRequest,
  ConfirmForgotPasswordRequest,
  ConfirmSignUpRequest,
  ForgotPasswordRequest,
  RevokeTokenRequest,
  SignUpRequest,
  UpdateUserAttributesRequest,
  VerifySoftwareTokenRequest,
} from "@aws-sdk/client-cognito-identity-provider";
import { awsError } from "../../core/errors";
import type { Mail } from "../../core/mailbox";
import type { CloudDeps, Operation } from "../../core/service";
import {
  attributeList,
  checkWritable,
  mergeAttributes,
  readAttributes,
  readableAttributes,
} from "./attributes";
import { type Authentication, checkSecret } from "./authentication";
import { checks, notAuthorized } from "./inputs";
import { hasPassword, setPassword } from "./passwords";
import type { User, UserPools } from "./pools";
import type { SignIns } from "./signIn";
import { isTotp, makeTotpSecret } from "./totp";
import { newUser } from "./userOperations";

/** What users do for themselves: with no account yet, with a code from a mail, or with their access token. */
export function makeSelfService(
  { clock }: CloudDeps,
  store: UserPools,
  signIns: SignIns,
  authentication: Authentication,
  send: (mail: Mail) => void,
) {
  /** Mails a code; answers where to, as apps may show it. */
  const sendCode = (user: User, subject: string) => {
    user.confirmationCode = String(randomInt(1_000_000)).padStart(6, "0");
    store.save();
    const to = user.attributes.email;
    if (!to) return undefined;
    send({
      from: "no-reply@verificationemail.com",
      to,
      subject,
      text: `Your code is ${user.confirmationCode}.`,
    });
    const Destination = to.replace(/^(.).*@(.).*$/, "$1***@$2***");
    return { AttributeName: "email", DeliveryMedium: "EMAIL", Destination };
  };

  const useCode = (user: User, code: string | undefined) => {
    if (!code || user.confirmationCode !== code) {
      throw awsError("CodeMismatchException", 400, "Invalid verification code provided, please try again.");
    }
    delete user.confirmationCode;
    if (user.attributes.email) user.attributes.email_verified = "true";
  };

  const operations = {
    async SignUp(input: SignUpRequest) {
      const { pool, client } = store.findClient(input.ClientId);
      const username = checks.required(input.Username, "username");
      checkSecret(client, username, input.SecretHash);
      if (pool.settings.AdminCreateUserConfig?.AllowAdminCreateUserOnly) {
        throw notAuthorized("SignUp is not permitted for this user pool");
      }
      const attributes = readAttributes(pool, input.UserAttributes);
      checkWritable(client, attributes);
      if (store.lookUpUser(pool, username)) {
        throw awsError("UsernameExistsException", 400, "User already exists");
      }
      const user = newUser(username, attributes, clock.nowMs());
      const password = checks.required(input.Password, "password");
      setPassword(pool, user, password, { permanent: true, nowMs: clock.nowMs() });
      user.status = "UNCONFIRMED";
      pool.users[user.sub] = user;
      const CodeDeliveryDetails = sendCode(user, "Your verification code");
      return { UserConfirmed: false, UserSub: user.sub, CodeDeliveryDetails };
    },

    async ConfirmSignUp(input: ConfirmSignUpRequest) {
      const { pool } = store.findClient(input.ClientId);
      const user = store.findUser(pool, input.Username);
      useCode(user, input.ConfirmationCode);
      user.status = "CONFIRMED";
      store.save();
      return {};
    },

    async ResendConfirmationCode(input: ForgotPasswordRequest) {
      const { pool } = store.findClient(input.ClientId);
      const user = store.findUser(pool, input.Username);
      return { CodeDeliveryDetails: sendCode(user, "Your verification code") };
    },

    async ForgotPassword(input: ForgotPasswordRequest) {
      const { pool } = store.findClient(input.ClientId);
      const user = store.findUser(pool, input.Username);
      if (user.attributes.email_verified !== "true") {
        throw awsError(
          "InvalidParameterException",
          400,
          "Cannot reset password for the user as there is no registered/verified email or phone_number",
        );
      }
      return { CodeDeliveryDetails: sendCode(user, "Your password reset code") };
    },

    async ConfirmForgotPassword(input: ConfirmForgotPasswordRequest) {
      const { pool } = store.findClient(input.ClientId);
      const user = store.findUser(pool, input.Username);
      useCode(user, input.ConfirmationCode);
      const password = checks.required(input.Password, "password");
      setPassword(pool, user, password, { permanent: true, nowMs: clock.nowMs() });
      store.save();
      return {};
    },

    async GetUser(input: { AccessToken?: string }) {
      const { client, user } = signIns.holderOf(input.AccessToken, "access");
      const UserAttributes = attributeList(readableAttributes(client, user.attributes));
      return { Username: user.username, UserAttributes };
    },

    async UpdateUserAttributes(input: UpdateUserAttributesRequest) {
      const { pool, client, user } = signIns.holderOf(input.AccessToken, "access");
      const attributes = readAttributes(pool, input.UserAttributes);
      checkWritable(client, attributes);
      user.attributes = mergeAttributes(pool, user.attributes, attributes);
      store.save();
      return {};
    },

    async ChangePassword(input: ChangePasswordRequest) {
      const { pool, user } = signIns.holderOf(input.AccessToken, "access");
      if (!hasPassword(pool, user, input.PreviousPassword ?? "")) {
        throw notAuthorized("Incorrect username or password.");
      }
      const password = checks.required(input.ProposedPassword, "proposedPassword");
      setPassword(pool, user, password, { permanent: true, nowMs: clock.nowMs() });
      store.save();
      return {};
    },

    async GlobalSignOut(input: { AccessToken?: string }) {
      signIns.holderOf(input.AccessToken, "access").user.signIns = {};
      store.save();
      return {};
    },

    async RevokeToken(input: RevokeTokenRequest) {
      const { pool } = store.findClient(input.ClientId);
      signIns.revoke(pool, checks.required(input.Token, "token"));
      return {};
    },

    async AssociateSoftwareToken(input: AssociateSoftwareTokenRequest) {
      const user = input.Session
        ? authentication.userSettingUpMfa(input.Session)
        : signIns.holderOf(input.AccessToken, "access").user;
      user.totpSecret = makeTotpSecret();
      user.totpVerified = false;
      store.save();
      return { SecretCode: user.totpSecret, Session: input.Session && authentication.renew(input.Session) };
    },

    async VerifySoftwareToken(input: VerifySoftwareTokenRequest) {
      const user = input.Session
        ? authentication.userSettingUpMfa(input.Session)
        : signIns.holderOf(input.AccessToken, "access").user;
      if (!user.totpSecret || !isTotp(user.totpSecret, input.UserCode ?? "")) {
        throw awsError("EnableSoftwareTokenMFAException", 400, "Code mismatch");
      }
      user.totpVerified = true;
      store.save();
      return { Status: "SUCCESS", Session: input.Session && authentication.renew(input.Session) };
    },
  } satisfies Record<string, Operation>;
  return operations;
}
