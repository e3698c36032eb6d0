import * as fs from "node:fs";
import * as path from "node:path";
import * as QRCode from "qrcode";
import type { BaseEnvironment } from "./baseEnvironment";
import { userNameOf } from "./deviceUsers";
import { fromId } from "./eventName";
import type { EventRecord } from "./record";

/** What a camera needs to know, as its settings file and its QR code hold it. */
export interface CameraSettings {
  event: string;
  camera: string;
  stream: string;
  region: string;
  /** Where the services answer, when that is not AWS itself. */
  endpoint?: string;
  /** How the phone signs in, where the environment has that: `awsconfiguration.json` of the demo app for Android. */
  signIn?: object;
  /** As whom. */
  user?: string;
  /** For the first time; the phone chooses another. Only these files have it. */
  password?: string;
}

/** A camera's settings, and the files that they were written to. */
export interface CameraFiles extends CameraSettings {
  settingsFile: string;
  qrFile: string;
}

/** The settings of an event's cameras, but for passwords. */
export function cameraSettings(record: EventRecord, { region, signIn }: BaseEnvironment): CameraSettings[] {
  const endpoint = process.env.AWS_ENDPOINT_URL_KINESIS_VIDEO ?? process.env.AWS_ENDPOINT_URL;
  return record.streams.map(({ camera, name: stream }) => ({
    event: fromId(record.id).name,
    camera,
    stream,
    region,
    ...(endpoint ? { endpoint } : {}),
    ...(signIn ? { signIn: JSON.parse(signIn) } : {}),
    ...(record.userPoolId ? { user: userNameOf(record, camera) } : {}),
  }));
}

/** The one-time password that a camera's settings file has from before. */
export function writtenPassword({ camera, user }: CameraSettings, folder: string): string | undefined {
  const file = path.join(folder, `${camera}.json`);
  if (!user || !fs.existsSync(file)) return undefined;
  try {
    const written = JSON.parse(fs.readFileSync(file, "utf8")) as CameraSettings;
    return written.user === user ? written.password : undefined;
  } catch (error) {
    // Half a file, of a machine that went down; it is written anew.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Writes each camera's settings as JSON and as a QR code into a folder of the event; the same files every time. Who else
 * has an account on this machine cannot read them.
 */
export async function writeCameraFiles(cameras: CameraSettings[], folder: string): Promise<CameraFiles[]> {
  fs.mkdirSync(folder, { recursive: true });
  return Promise.all(
    cameras.map(async (settings) => {
      const settingsFile = path.join(folder, `${settings.camera}.json`);
      const qrFile = path.join(folder, `${settings.camera}.png`);
      const code = await QRCode.toBuffer(JSON.stringify(settings), { errorCorrectionLevel: "M" });
      for (const [file, content] of [
        [settingsFile, `${JSON.stringify(settings, undefined, 2)}\n`],
        [qrFile, code],
      ] as const) {
        fs.writeFileSync(file, content, { mode: 0o600 });
        fs.chmodSync(file, 0o600);
      }
      return { ...settings, settingsFile, qrFile };
    }),
  );
}

/** A camera's settings in one line for a terminal. */
export function cameraLine({ camera, stream, region, user, settingsFile, qrFile }: CameraFiles): string {
  const who = user ? `, user ${user}` : "";
  const [settings, code] = [settingsFile, qrFile].map(fromHere);
  return `${camera}: stream ${stream} in ${region}${who}, settings ${settings}, code ${code}`;
}

/** A file as one would name it from where one stands. */
function fromHere(file: string): string {
  const relative = path.relative("", file);
  return relative.startsWith("..") ? file : relative;
}

/** The code to point the phone at, for a terminal. */
export async function cameraCode({ settingsFile, qrFile, ...settings }: CameraFiles): Promise<string> {
  const code = await QRCode.toString(JSON.stringify(settings), { type: "utf8", errorCorrectionLevel: "L" });
  return `${code.trimEnd()}\n`;
}
