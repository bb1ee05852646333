import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fixturePath } from "./index.js";

/** A folder as diffusers' StableUnCLIPPipeline saves it: stable-unclip-tiny-l with karlo-tiny's prior in one. */
export async function combineStableUnclip(target: string): Promise<void> {
  const own = ["image_noising_scheduler", "image_normalizer", "scheduler", "text_encoder", "tokenizer", "unet", "vae"];
  for (const component of own) {
    await cp(fixturePath(`stable-unclip-tiny-l/${component}`), join(target, component), { recursive: true });
  }
  const prior = { prior: "prior", text_encoder: "prior_text_encoder", tokenizer: "prior_tokenizer" };
  for (const [from, to] of Object.entries(prior)) {
    await cp(fixturePath(`karlo-tiny/${from}`), join(target, to), { recursive: true });
  }
  await cp(fixturePath("stable-unclip-tiny-l.expected/combined"), target, { recursive: true });
}
