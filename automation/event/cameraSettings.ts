import * as fs from "node:fs";
import * as path from "node:path";
import * as QRCode from "qrcode";
import type { BaseEnvironment } from "./baseEnvironment";
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
}

/** A camera's settings, and the files that they were written to. */
export interface CameraFiles extends CameraSettings {
  settingsFile: string;
  qrFile: string;
}

/** The settings of an event's cameras. */
export function cameraSettings(
  { id, streams }: EventRecord,
  { region, signIn }: BaseEnvironment,
): CameraSettings[] {
  const endpoint = process.env.AWS_ENDPOINT_URL_KINESIS_VIDEO ?? process.env.AWS_ENDPOINT_URL;
  return streams.map(({ camera, name: stream }) => ({
    event: fromId(id).name,
    camera,
    stream,
    region,
    ...(endpoint ? { endpoint } : {}),
    ...(signIn ? { signIn: JSON.parse(signIn) } : {}),
  }));
}

/** Writes each camera's settings as JSON and as a QR code into a folder of the event; the same files every time. */
export async function writeCameraFiles(cameras: CameraSettings[], folder: string): Promise<CameraFiles[]> {
  fs.mkdirSync(folder, { recursive: true });
  return Promise.all(
    cameras.map(async (settings) => {
      const settingsFile = path.join(folder, `${settings.camera}.json`);
      const qrFile = path.join(folder, `${settings.camera}.png`);
      fs.writeFileSync(settingsFile, `${JSON.stringify(settings, undefined, 2)}\n`);
      await QRCode.toFile(qrFile, JSON.stringify(settings), { errorCorrectionLevel: "M" });
      return { ...settings, settingsFile, qrFile };
    }),
  );
}

/** A camera's settings for a terminal: what they are, and the code to point the phone at. */
export async function cameraText({ settingsFile, qrFile, ...settings }: CameraFiles): Promise<string> {
  const code = await QRCode.toString(JSON.stringify(settings), { type: "utf8", errorCorrectionLevel: "L" });
  const { camera, stream, region } = settings;
  return `${camera}: stream ${stream} in ${region}, settings ${settingsFile}, code ${qrFile}\n${code.trimEnd()}\n`;
}
