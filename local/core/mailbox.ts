import * as fs from "node:fs";
import * as path from "node:path";
import type { CloudDeps } from "./service";

/** A mail as a service would send it. */
export interface Mail {
  from: string;
  to: string;
  subject: string;
  text: string;
}

/**
 * Opens the folder in which a service puts its mail: none leaves this machine. Each is a file of its own, named by its
 * moment, that any mail program opens.
 */
export function openMailbox(
  { store, clock }: Pick<CloudDeps, "store" | "clock">,
  name: string,
): (mail: Mail) => void {
  const folder = store.folder(name);
  let count = fs.readdirSync(folder).length;
  return ({ from, to, subject, text }) => {
    const at = new Date(clock.nowMs());
    const headers = [
      `From: ${from}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `Date: ${at.toUTCString().replace("GMT", "+0000")}`,
      "Content-Type: text/plain; charset=UTF-8",
    ];
    count += 1;
    const file = `${at.toISOString().replace(/[-:]/g, "")}-${String(count).padStart(6, "0")}.eml`;
    fs.writeFileSync(path.join(folder, file), `${headers.join("\n")}\n\n${text}\n`);
  };
}
