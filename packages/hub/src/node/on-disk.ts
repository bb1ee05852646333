import { quote, UnclipError } from "@unclip/tensor";

const CURES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space, or set HF_HUB_CACHE to a folder on a larger disk",
  EDQUOT: "the disk quota is used up; free some space, or set HF_HUB_CACHE to a folder on another disk",
  EACCES: "there is no permission to write here; set HF_HUB_CACHE to a folder of your own",
  EPERM: "there is no permission to write here; set HF_HUB_CACHE to a folder of your own",
  EROFS: "this disk is read-only; set HF_HUB_CACHE to a folder that can be written",
  ENOTDIR: "a part of this path is a file; set HF_HUB_CACHE to a folder",
};

/** A path is quoted longer than other text: its end says what it is. */
const MOST_PATH_CHARACTERS = 300;

/** Runs `work` on the file system. What it throws becomes one sentence with the cure.
 * @param path the file or folder that it works on
 * @throws UnclipError "download" */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const problem = CURES[code] ?? `cannot be written (${quote(message)})`;
    throw new UnclipError("download", `${pathInMessage(path)}: ${problem}`, { cause });
  }
}

/** A path on this machine as a part of a message. */
export function pathInMessage(path: string): string {
  return quote(path, { max: MOST_PATH_CHARACTERS });
}
