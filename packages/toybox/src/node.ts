import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** The folder of the shipped model, in the layout of diffusers' UnCLIPPipeline. */
export const toybox: URL = findModel();

/** The model lies beside this script; beside the package, where a bundler has copied this script into another one. A bundle of CommonJS has no
 * import.meta, but its own name. */
function findModel(): URL {
  const script = import.meta.url ?? pathToFileURL(__filename).href;
  const beside = new URL("../model/", script);
  if (existsSync(new URL("model_index.json", beside))) return beside;
  try {
    const index = createRequire(script).resolve("@unclip/toybox/model/model_index.json");
    return new URL(".", pathToFileURL(index));
  } catch {
    return beside; // opening it says that it is not there
  }
}
