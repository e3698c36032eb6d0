import * as fs from "node:fs";
import * as path from "node:path";
import { runProgram, twoCameras } from "./program";

/** Writes a function's archive to a folder, as Lambda unpacks it; answers the file that holds the handler. */
export async function shippedFunction(name: string, folder: string): Promise<string> {
  const { resource } = await runProgram(twoCameras());
  const { assets } = await resource("aws:lambda/function:Function", name).inputs.code;
  const file = path.join(folder, "__index.js");
  fs.writeFileSync(file, await (await assets)["__index.js"].text);
  return file;
}
