import { randomInt } from "node:crypto";
import {
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { type CameraFiles, cameraSettings, writeCameraFiles, writtenPassword } from "./cameraSettings";
import { alone } from "./engineRuns";
import type { Run } from "./progress";
import type { EventRecord } from "./record";
import type { Tools } from "./tools";

/** Where settings are written, and whose phones get another one-time password. */
interface PasswordOptions extends Run {
  folder: string;
  newPasswords: string[];
}

/**
 * Writes the settings of cameras whose phones sign in, with one-time passwords the first time. These are in the files
 * before the users have them, so they are not lost should this machine go down; nothing else keeps them.
 */
export function givePasswords(
  tools: Tools,
  { id }: EventRecord,
  { folder, newPasswords, ...run }: PasswordOptions,
): Promise<{ record: EventRecord; cameras: CameraFiles[] }> {
  const { records, base, now } = tools;
  return alone(tools, id, run, async () => {
    const record = await records.update(id, (one) => one);
    const isFirst = !record.passwordsAt;
    const isAnew = (camera: string) => newPasswords.includes(camera);
    const settings = cameraSettings(record, base).map((camera) => {
      const written = isAnew(camera.camera) ? undefined : writtenPassword(camera, folder);
      const password = written ?? (isFirst || isAnew(camera.camera) ? makePassword() : undefined);
      return { ...camera, ...(password ? { password } : {}) };
    });
    const cameras = await writeCameraFiles(settings, folder);
    const given = cameras.filter(({ camera }) => isFirst || isAnew(camera));
    for (const camera of given) await setPassword(record.userPoolId, camera, isAnew(camera.camera));
    if (!isFirst) return { record, cameras };
    const passwordsAt = new Date(await now()).toISOString();
    return { cameras, record: await records.update(id, (one) => ({ ...one, passwordsAt })) };
  });
}

/**
 * Gives a user a one-time password, which the first sign-in replaces.
 * @param isForced also to one who signed in already, and chose another
 */
async function setPassword(
  UserPoolId: string | undefined,
  { user: Username, password: Password }: CameraFiles,
  isForced: boolean,
): Promise<void> {
  const client = new CognitoIdentityProviderClient({});
  const { UserStatus } = await client.send(new AdminGetUserCommand({ UserPoolId, Username }));
  if (UserStatus !== "FORCE_CHANGE_PASSWORD" && !isForced) return;
  await client.send(new AdminSetUserPasswordCommand({ UserPoolId, Username, Password, Permanent: false }));
}

/** What the pool's policy asks for: characters of all four kinds. Those that look alike on a screen are left out. */
const KINDS = ["abcdefghijkmnopqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!#%+-=?@"];
const PASSWORD_LENGTH = 20;

/** A one-time password, by chance. */
function makePassword(): string {
  const one = (from: string) => from[randomInt(from.length)] ?? "";
  const rest = Array.from({ length: PASSWORD_LENGTH - KINDS.length }, () => one(KINDS.join("")));
  const characters = [...KINDS.map(one), ...rest];
  for (let index = characters.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    [characters[index], characters[other]] = [characters[other] ?? "", characters[index] ?? ""];
  }
  return characters.join("");
}
