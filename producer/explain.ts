/** What the camera was told to do, for messages. */
export interface CameraCall {
  file: string;
  stream: string;
  endpoint?: URL;
  region?: string;
}

/** One line that says what went wrong, with which thing, and what to do. */
export function explain(error: unknown, call: CameraCall): string {
  const { name = "", message = String(error), code = "" } = error as Partial<NodeJS.ErrnoException>;
  const service = call.endpoint?.origin ?? "AWS";
  if (code === "ENOENT" || code === "EISDIR") {
    return `There is no file ${call.file}: give the path of a Matroska file, or - for standard input.`;
  }
  if (code === "EACCES") return `The file ${call.file} may not be read: check its permissions.`;
  if (code === "INVALID_MATROSKA") {
    return `${called(call.file)} is not Matroska that can be sent: ${oneLine(message)} Convert it (ffmpeg -i IN -c:v libx264 -c:a aac OUT.mkv).`;
  }
  if (name === "ResourceNotFoundException") {
    const where = call.region ? `${service}, region ${call.region}` : service;
    return `The stream ${call.stream} does not exist (${where}): create it, or check --stream, --region and --endpoint.`;
  }
  if (["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"].includes(code)) {
    const remedy = call.endpoint ? "start it (npm run local), or check --endpoint" : "check the network";
    return `Nothing answers at ${service} (${code}): ${remedy}.`;
  }
  if (name === "CredentialsProviderError") {
    return "No AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the --endpoint of a local cloud.";
  }
  if (/region is missing/i.test(message)) return "No region: give --region, or set AWS_REGION.";
  return oneLine(name && name !== "Error" && !message.startsWith(name) ? `${name}: ${message}` : message);
}

function called(file: string): string {
  return file === "-" ? "Standard input" : file;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
