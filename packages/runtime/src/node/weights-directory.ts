import { UnclipError } from "@unclip/tensor";
import type { Directory, ModelFolder } from "../model-folder.js";

/** The folder to which the weight files of a graph are relative.
 * @throws UnclipError "session" for a folder that is not on a disk */
export function weightsDirectoryOf(folder: ModelFolder): string {
  if (!("weightsDirectory" in folder)) {
    throw new UnclipError(
      "session",
      `${folder.name}: Node needs a folder on disk; open it with openModelFolder of @unclip/runtime/node`,
    );
  }
  return (folder as Directory).weightsDirectory;
}
