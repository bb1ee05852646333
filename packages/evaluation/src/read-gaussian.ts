import { parseSafetensorsHeader, SAFETENSORS_PREFIX_BYTES, safetensorsHeaderBytes } from "@unclip/graph";
import type { ModelFolder } from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";
import type { Gaussian } from "./frechet-distance.js";

/** Reads a safetensors file that holds `mean` [D] and `covariance` [D, D] as float32.
 * @throws UnclipError "weights" if it holds something else */
export async function readGaussian(folder: ModelFolder, path: string): Promise<Gaussian> {
  const where = `${folder.name}/${path}`;
  const size = await folder.sizeBytes(path);
  const bytes = await folder.bytes(path, 0, size);
  const start = SAFETENSORS_PREFIX_BYTES + safetensorsHeaderBytes(bytes, size, where);
  const entries = parseSafetensorsHeader(bytes.subarray(SAFETENSORS_PREFIX_BYTES, start), size, where);
  const read = (name: string): Float64Array => {
    const entry = entries.get(name);
    if (entry?.type !== "F32") throw new UnclipError("weights", `${where}: expected ${name} as F32; another file?`);
    const { offset, sizeBytes } = entry;
    const aligned = new Uint8Array(bytes.subarray(offset, offset + sizeBytes));
    return Float64Array.from(new Float32Array(aligned.buffer));
  };
  const [mean, covariance] = [read("mean"), read("covariance")];
  if (covariance.length === mean.length ** 2) return { mean, covariance };
  const got = `${covariance.length} covariances for ${mean.length} means`;
  throw new UnclipError("weights", `${where}: expected mean [D] and covariance [D, D], got ${got}`);
}
