import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { storedTensors, torchFileOf } from "./torch-file.js";

/** Copies a model folder to `target` as diffusers and transformers save it with safe_serialization=False. */
export async function saveWithTorch(source: string, target: string): Promise<void> {
  await cp(source, target, { recursive: true });
  const named = (name: string) => name.replace(/^model(?=[-.])/, "pytorch_model").replace("safetensors", "bin");
  for (const file of await readdir(target, { recursive: true })) {
    const path = join(target, file);
    if (!/safetensors/.test(file)) continue;
    const content = await readFile(path);
    const renamed = join(dirname(path), named(basename(path)));
    if (file.endsWith(".json")) {
      const index = JSON.parse(content.toString()) as { weight_map: Record<string, string> };
      const map = Object.entries(index.weight_map).map(([key, shard]) => [key, named(shard)]);
      await writeFile(renamed, JSON.stringify({ ...index, weight_map: Object.fromEntries(map) }));
    } else {
      await writeFile(renamed, torchFileOf(storedTensors(content)));
    }
    await rm(path);
  }
}
