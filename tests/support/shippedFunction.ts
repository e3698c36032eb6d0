import * as fs from "node:fs";
import * as path from "node:path";
import { runProgram, twoCameras } from "./program";

/** A function as the program ships it: the file that holds the handler, and its environment. */
export interface ShippedFunction {
  file: string;
  environment: Record<string, string>;
}

/** Writes a function's archive to a folder, as Lambda unpacks it. */
export async function shippedFunction(name: string, folder: string): Promise<ShippedFunction> {
  const { resource } = await runProgram(twoCameras());
  const { code, environment } = resource("aws:lambda/function:Function", name).inputs;
  const { assets } = await code;
  const file = path.join(folder, "__index.js");
  fs.writeFileSync(file, await (await assets)["__index.js"].text);
  return { file, environment: environment.variables };
}
