import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { inspectModel, loadUnclip } from "unclip";
import { expect, it, onTestFinished } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { storedTensors, torchFileOf } from "../../../test-support/torch-file.js";

/** A copy of a model as diffusers and transformers save it with safe_serialization=False. */
async function savedWithTorch(model: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unclip-torch-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(fixturePath(model), folder, { recursive: true });
  const named = (name: string) => name.replace(/^model(?=[-.])/, "pytorch_model").replace("safetensors", "bin");
  for (const file of await readdir(folder, { recursive: true })) {
    const path = join(folder, file);
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
  return folder;
}

async function paint(folder: string): Promise<Uint8Array> {
  const unclip = await loadUnclip(folder);
  const steps = { priorSteps: 2, decoderSteps: 2, upsamplerSteps: [2], seed: 5 };
  const { images } = await unclip.generate("a red cube", steps);
  await unclip.dispose();
  return images[0]!.data;
}

it.each(["karlo-tiny", "karlo-tiny-b", "karlo-tiny-c"])(
  "paints the same picture from %s saved by torch as from safetensors",
  async (model) => {
    const folder = await savedWithTorch(model);
    expect((await inspectModel(folder)).problems).toEqual([]);
    expect(Buffer.compare(await paint(folder), await paint(fixturePath(model)))).toBe(0);
  },
);

it("opens no model whose weights ask for code", async () => {
  const folder = await savedWithTorch("karlo-tiny");
  await cp(fixturePath("torch-files/os-system.bin"), join(folder, "decoder/diffusion_pytorch_model.bin"));
  await expect(loadUnclip(folder)).rejects.toThrow(
    `${folder}/decoder/diffusion_pytorch_model.bin asks for posix.system; a checkpoint needs no code`,
  );
});
