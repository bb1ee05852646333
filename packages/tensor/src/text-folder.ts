import { checkArgument } from "./check-argument.js";
import { UnclipError } from "./errors.js";
import { parseRecord } from "./parse-record.js";

/** A folder whose text files can be read, wherever it lies. Paths are relative to it and use "/". */
export interface TextFolder {
  /** What messages call it: the path or address it was opened from. */
  readonly name: string;
  has(path: string): Promise<boolean>;
  /** A whole text file. */
  text(path: string): Promise<string>;
}

/** The JSON object in a file of the folder.
 * @throws UnclipError "config" if the file is missing or holds something else */
export async function readJson(folder: TextFolder, path: string): Promise<Record<string, unknown>> {
  return parseRecord(await readText(folder, path), `${folder.name}/${path}`);
}

/** A text file of the folder.
 * @throws UnclipError "config" if it is missing, "input" if `folder` is none */
export async function readText(folder: TextFolder, path: string): Promise<string> {
  checkArgument("model folder", folder, ["has", "text"], "what openModelFolder of @unclip/runtime gives");
  if (await folder.has(path)) return folder.text(path);
  throw new UnclipError(
    "config",
    `${folder.name}: ${path} is missing; expected a complete model folder in the diffusers layout`,
  );
}
