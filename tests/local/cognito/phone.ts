import {
  AuthenticationDetails,
  CognitoUser,
  type CognitoUserAttribute,
  CognitoUserPool,
  type CognitoUserSession,
} from "amazon-cognito-identity-js";

/** A step of a sign-in as AWS's own client library tells an app of it. */
export type Step =
  | { kind: "signedIn"; session: CognitoUserSession }
  | { kind: "newPasswordRequired"; attributes: Record<string, string> }
  | { kind: "totpRequired" | "mfaSetup" };

/** An app that signs in through AWS's client library for Cognito, the arithmetic of SRP included. */
export function makePhone(url: string, UserPoolId: string, ClientId: string) {
  const pool = new CognitoUserPool({ UserPoolId, ClientId, endpoint: url });
  const userOf = (Username: string) => new CognitoUser({ Username, Pool: pool });

  const steps = (resolve: (step: Step) => void, reject: (error: Error) => void) => ({
    onSuccess: (session: CognitoUserSession) => resolve({ kind: "signedIn", session }),
    onFailure: reject,
    newPasswordRequired: (attributes: Record<string, string>) =>
      resolve({ kind: "newPasswordRequired", attributes }),
    totpRequired: () => resolve({ kind: "totpRequired" }),
    mfaSetup: () => resolve({ kind: "mfaSetup" }),
  });

  return {
    userOf,
    /** Proves the password without sending it, or sends it with `flow` USER_PASSWORD_AUTH. */
    signIn: (user: CognitoUser, Password: string, flow = "USER_SRP_AUTH") =>
      new Promise<Step>((resolve, reject) => {
        user.setAuthenticationFlowType(flow);
        user.authenticateUser(
          new AuthenticationDetails({ Username: user.getUsername(), Password }),
          steps(resolve, reject),
        );
      }),
    setNewPassword: (user: CognitoUser, password: string) =>
      new Promise<Step>((resolve, reject) => {
        user.completeNewPasswordChallenge(password, {}, steps(resolve, reject));
      }),
    sendTotp: (user: CognitoUser, code: string) =>
      new Promise<Step>((resolve, reject) => {
        user.sendMFACode(code, steps(resolve, reject), "SOFTWARE_TOKEN_MFA");
      }),
    refresh: (user: CognitoUser, session: CognitoUserSession) =>
      new Promise<CognitoUserSession>((resolve, reject) => {
        user.refreshSession(
          session.getRefreshToken(),
          (error: Error | null, refreshed: CognitoUserSession) =>
            error ? reject(error) : resolve(refreshed),
        );
      }),
    signUp: (username: string, password: string, attributes: CognitoUserAttribute[]) =>
      new Promise<string>((resolve, reject) => {
        pool.signUp(username, password, attributes, [], (error, result) =>
          error || !result ? reject(error) : resolve(result.userSub),
        );
      }),
    confirm: (user: CognitoUser, code: string) =>
      new Promise<void>((resolve, reject) => {
        user.confirmRegistration(code, true, (error?: Error | null) => (error ? reject(error) : resolve()));
      }),
  };
}

export type Phone = ReturnType<typeof makePhone>;
