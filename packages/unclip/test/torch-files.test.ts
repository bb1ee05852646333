import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectModel, loadUnclip } from "unclip";
import { expect, it, onTestFinished } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { saveWithTorch } from "../../../test-support/torch-folder.js";

async function savedWithTorch(model: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unclip-torch-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await saveWithTorch(fixturePath(model), folder);
  return folder;
}

async function paint(folder: string): Promise<Uint8Array> {
  const unclip = await loadUnclip(folder);
  const request = { prior: { steps: 2 }, decoder: { steps: 2 }, upsamplers: [{ steps: 2 }], seed: 5 };
  const { images } = await unclip.generate("a red cube", request);
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

it.each([
  ["kandinsky-2-2-tiny-decoder", "kandinsky-2-2-tiny-prior"],
  ["kandinsky-2-1-tiny", "kandinsky-2-1-tiny-prior"],
  ["kandinsky-2-1-tiny-b", "kandinsky-2-1-tiny-b-prior"],
])("paints the same picture from %s and %s saved by torch as from safetensors", async (model, prior) => {
  const [folder, priorModel] = [await savedWithTorch(model), await savedWithTorch(prior)];
  const paintWith = async (decoder: string, options: { priorModel?: string }) => {
    const unclip = await loadUnclip(decoder, options);
    const { images } = await unclip.generate("a red cube", { prior: { steps: 2 }, decoder: { steps: 2 }, seed: 5 });
    await unclip.dispose();
    return images[0]!.data;
  };
  expect((await inspectModel(folder, { priorModel })).problems).toEqual([]);
  expect(Buffer.compare(await paintWith(folder, { priorModel }), await paintWith(fixturePath(model), {}))).toBe(0);
});
