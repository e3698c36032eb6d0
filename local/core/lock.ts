import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Takes a data folder for this process; the returned function gives it back. A lock whose process is gone, as after
 * kill -9, is taken over.
 * @throws when a living process holds it, naming it, or when it can be no data folder
 */
export function lockFolder(folder: string): () => void {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${folder} cannot hold the cloud's data (${code}); use another folder`);
  }
  const file = path.join(folder, "lock");
  const holder = fs.existsSync(file) ? Number(fs.readFileSync(file, "utf8")) : 0;
  if (holder && holder !== process.pid && isAlive(holder)) {
    throw new Error(`${folder} is in use by process ${holder}; stop it, or use another folder`);
  }
  fs.writeFileSync(file, String(process.pid));
  return () => fs.rmSync(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM is a living process of someone else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
