import type * as node from "./quantize.js";

/* What stands for quantize.ts where there is no Node. It imports nothing: bundlers keep whole what a file imports that may be loaded later. */

export type * from "./quantize.js";

/** Refuses: models are quantised in Node.
 * @throws UnclipError "input" */
export const quantizeModel: typeof node.quantizeModel = () => refuse();

/** Refuses: models are quantised in Node.
 * @throws UnclipError "input" */
export const quantizeOnce: typeof node.quantizeOnce = () => refuse();

function refuse(): never {
  const cure = 'run "unclip quantize" on a computer, and load the folder that it writes';
  const error = new Error(`quantize: models become int8 in Node alone; ${cure}`);
  throw Object.assign(error, { name: "UnclipError", code: "input" });
}
