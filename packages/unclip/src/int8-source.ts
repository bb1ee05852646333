import { openModelFolder, type Directory, type FolderSource } from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";
import type { LoadOptions } from "./load.js";
import type { OpenFamily } from "./open-family.js";
import { QUANTIZATION_FILE } from "./quantization.js";

/** The same model in int8: itself where it is that already, or what the cache has of it, which is made the first time.
 * @throws UnclipError "input" where there is no disk, and what quantising throws */
export async function inInt8(
  opened: OpenFamily,
  source: FolderSource,
  { onQuantize, onDownload, offline, priorModel, signal, threads }: LoadOptions,
): Promise<OpenFamily> {
  const { folder, model } = opened;
  if (await folder.has(QUANTIZATION_FILE)) return opened;
  if (!("directory" in folder)) {
    const cure = 'run "unclip quantize" on a computer, and load the folder that it writes';
    throw new UnclipError("input", `dtype: ${folder.name} becomes int8 in Node alone; ${cure}`);
  }
  const { quantizeOnce } = await import("unclip/quantize");
  const run = quantizeOnce(source as string | URL, {
    folder: folder as Directory,
    model,
    ...(offline !== undefined && { offline }),
    ...(priorModel !== undefined && { priorModel }),
    ...(signal && { signal }),
    ...(threads !== undefined && { threads }),
    ...(onDownload && { onDownload }),
  });
  for await (const { stage, step, steps } of run) onQuantize?.({ stage, step, steps });
  return opened.at(await openModelFolder(await run, { name: folder.name }));
}
