import { binding } from "./binding.js";
import { classification } from "./classification.js";
import { conditioning } from "./conditioning.js";
import { edits } from "./edits.js";
import { guidance } from "./guidance.js";
import { inpainting } from "./inpainting.js";
import { inversion } from "./inversion.js";
import { priors } from "./priors.js";
import { quality } from "./quality.js";
import type { Study } from "./study.js";

/** All studies, in the order in which help lists them. */
export const STUDIES: readonly Study[] = [
  inversion,
  guidance,
  binding,
  conditioning,
  priors,
  classification,
  quality,
  edits,
  inpainting,
];
