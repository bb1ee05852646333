import { cp, readFile, writeFile } from "node:fs/promises";
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

/** A folder as diffusers' KandinskyV22CombinedPipeline saves it: kandinsky-2-2-tiny's decoder and its prior in one. */
export async function combineKandinsky(target: string): Promise<void> {
  const [decoder, prior] = ["decoder", "prior"].map((name) => fixturePath(`kandinsky-2-2-tiny-${name}`)) as [
    string,
    string,
  ];
  const read = async (folder: string) =>
    JSON.parse(await readFile(join(folder, "model_index.json"), "utf8")) as Record<string, unknown>;
  const [index, ofPrior] = [await read(decoder), await read(prior)];
  await cp(decoder, target, { recursive: true });
  for (const [name, entry] of Object.entries(ofPrior)) {
    if (!Array.isArray(entry)) continue;
    await cp(join(prior, name), join(target, `prior_${name}`), { recursive: true });
    index[`prior_${name}`] = entry;
  }
  const combined = { ...index, _class_name: "KandinskyV22CombinedPipeline" };
  await writeFile(join(target, "model_index.json"), JSON.stringify(combined));
}
