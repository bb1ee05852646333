import { UnclipError } from "@unclip/tensor";
import type { Family } from "./family.js";
import { karlo } from "./karlo.js";
import { stableUnclip } from "./stable-unclip.js";

/** The families that can be opened. */
export const FAMILIES: readonly Family[] = [karlo, stableUnclip];

/** The family of a pipeline's folder.
 * @param className `_class_name` of its model_index.json
 * @param where the file's name, for messages
 * @throws UnclipError "config" for a pipeline that no family opens */
export function familyOf(className: string, where: string): Family {
  const family = FAMILIES.find(({ pipelines }) => pipelines.includes(className));
  if (family !== undefined) return family;
  const known = FAMILIES.flatMap(({ pipelines }) => pipelines).map((name) => JSON.stringify(name));
  const expected = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
  throw new UnclipError(
    "config",
    `${where}: _class_name ${JSON.stringify(className)} is not supported; expected ${expected}`,
  );
}
