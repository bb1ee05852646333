import { UnclipError } from "@unclip/tensor";
import type * as node from "./quantize.js";

/* What stands for quantize.ts where there is no Node. */

export type * from "./quantize.js";

/** Refuses: models are quantised in Node.
 * @throws UnclipError "input" */
export const quantizeModel: typeof node.quantizeModel = () => refuse();

/** Refuses: models are quantised in Node.
 * @throws UnclipError "input" */
export const quantizeOnce: typeof node.quantizeOnce = () => refuse();

function refuse(): never {
  const cure = 'run "unclip quantize" on a computer, and load the folder that it writes';
  throw new UnclipError("input", `quantize: models become int8 in Node alone; ${cure}`);
}
