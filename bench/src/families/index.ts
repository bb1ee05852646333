import type { BenchFamily } from "./family.js";
import { kandinsky21, kandinsky22 } from "./kandinsky.js";
import { karlo } from "./karlo.js";
import { stableUnclip } from "./stable-unclip.js";

export { type BenchFamily, SCALES } from "./family.js";

/** The families that bench:weights writes. */
export const FAMILIES: readonly BenchFamily[] = [karlo, stableUnclip, kandinsky22, kandinsky21];

/** The family of a name.
 * @throws Error if there is none */
export function familyNamed(name: string): BenchFamily {
  const family = FAMILIES.find((candidate) => candidate.name === name);
  if (family !== undefined) return family;
  throw new Error(`family: expected one of ${FAMILIES.map((one) => one.name).join(", ")}, got ${name}`);
}
