import { UnclipError } from "@unclip/tensor";
import type { Family } from "./family.js";
import { kandinsky22 } from "./kandinsky22.js";
import { kandinsky21 } from "./kandinsky21.js";
import { karlo } from "./karlo.js";
import { stableUnclip } from "./stable-unclip.js";

/** The families that can be opened. */
const FAMILIES: readonly Family[] = [karlo, kandinsky22, kandinsky21, stableUnclip];

/** The family of a pipeline's folder.
 * @param className `_class_name` of its model_index.json
 * @param where the file's name, for messages
 * @throws UnclipError "config" for a pipeline that no family opens */
export function familyOf(className: string, where: string): Family {
  const family = FAMILIES.find(({ pipelines }) => pipelines.includes(className));
  if (family !== undefined) return family;
  if (/^Kandinsky.*Prior/.test(className)) {
    const folder = where.replace(/\/[^/]*$/, "");
    const cure = "open the folder of a decoder, and give this one as priorModel (--prior-model)";
    throw new UnclipError("config", `${folder} holds a prior alone; ${cure}`);
  }
  const known = FAMILIES.flatMap(({ pipelines }) => pipelines).map((name) => JSON.stringify(name));
  const expected = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
  throw new UnclipError(
    "config",
    `${where}: _class_name ${JSON.stringify(className)} is not supported; expected ${expected}`,
  );
}

/** The pipelines whose folders hold the priors of a pipeline's decoders; undefined where its own folders do. */
export function priorsOf(className: string): readonly string[] | undefined {
  return FAMILIES.find(({ pipelines }) => pipelines.includes(className))?.priors;
}
