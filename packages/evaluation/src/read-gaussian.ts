import { readWeightEntries, type ModelFolder } from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";
import type { Gaussian } from "./frechet-distance.js";

/** Reads a safetensors file that holds `mean` [D] and `covariance` [D, D] as float32.
 * @throws UnclipError "weights" if it holds something else */
export async function readGaussian(folder: ModelFolder, path: string): Promise<Gaussian> {
  const where = `${folder.name}/${path}`;
  const entries = await readWeightEntries(folder, path);
  const read = async (name: string): Promise<Float64Array> => {
    const entry = entries.get(name);
    if (entry?.type !== "F32") throw new UnclipError("weights", `${where}: expected ${name} as F32; another file?`);
    const { offset, sizeBytes } = entry;
    const aligned = new Uint8Array(await folder.bytes(path, offset, offset + sizeBytes));
    return Float64Array.from(new Float32Array(aligned.buffer));
  };
  const [mean, covariance] = [await read("mean"), await read("covariance")];
  if (covariance.length === mean.length ** 2) return { mean, covariance };
  const got = `${covariance.length} covariances for ${mean.length} means`;
  throw new UnclipError("weights", `${where}: expected mean [D] and covariance [D, D], got ${got}`);
}
