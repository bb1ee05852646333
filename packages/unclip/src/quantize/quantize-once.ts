import { assetsDirectory, type Directory, type FolderSource } from "@unclip/runtime/node";
import { createRun, UnclipError, type Run } from "@unclip/tensor";
import { createHash } from "node:crypto";
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { QUANTIZATION_FILE } from "../quantization.js";
import type { StageStep } from "../timeline.js";
import { quantizeModel, type QuantizeOptions } from "./quantize-model.js";

/** What is quantised once. */
export interface QuantizeOnceOptions extends Omit<QuantizeOptions, "out"> {
  /** The folder that the source is. */
  readonly folder: Directory;
  /** Its name, of whose end the name in the cache is made. */
  readonly model: string;
}

/** The folder of a model in int8: that of the cache, which is made if it is not there. A model whose files have changed is another model.
 * @returns its absolute path
 * @throws UnclipError "input" if the cache cannot be written, and what {@link quantizeModel} throws */
export function quantizeOnce(
  source: FolderSource,
  { folder, model, ...options }: QuantizeOnceOptions,
): Run<string, StageStep> {
  return createRun(async function* () {
    const name = `${slug("commit" in folder ? model : basename(model))}-${await fingerprint(folder)}`;
    const path = join(assetsDirectory(), "unclip", "int8", name);
    if (await isWhole(path)) return path;
    await makeWritable(dirname(path));
    const run = quantizeModel(source, { ...options, out: path });
    try {
      for await (const step of run) yield step;
    } catch (error) {
      if (!(await isWhole(path))) throw error; // else another process has made it in the meantime
    }
    return path;
  });
}

function isWhole(path: string): Promise<boolean> {
  return stat(join(path, QUANTIZATION_FILE)).then(
    () => true,
    () => false,
  );
}

async function makeWritable(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const reason = (cause as Error).message;
    const cure = 'set HF_ASSETS_CACHE to a folder of your own, or choose a folder by "unclip quantize --out"';
    throw new UnclipError(
      "input",
      `dtype: int8 weights are kept in ${path}, which cannot be made (${reason}); ${cure}`,
      {
        cause,
      },
    );
  }
}

/** Letters, digits and a few signs of a name: its end, which says most. */
function slug(name: string): string {
  return name
    .replace(/@.*/, "")
    .replace(/[^a-zA-Z0-9._-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(-60);
}

/** Version of what is made; another one makes all anew. */
const VERSION = 1;

/** Files of a model by path, size and time of change, as 16 hexadecimal digits. */
async function fingerprint({ directory }: Directory): Promise<string> {
  const hash = createHash("sha256").update(`${VERSION}`);
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name);
    const inside = (await stat(path)).isDirectory() ? (await readdir(path)).sort() : [""];
    for (const file of inside) {
      const { size, mtimeMs } = await stat(join(path, file));
      hash.update(JSON.stringify([name, file, size, mtimeMs]));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
