import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadUnclip } from "unclip";
import { fixturePath } from "../../../test-support/index.js";

/** karlo-tiny with a second upsampler, which enlarges the first one's 64 pixels to 128 with one network for all steps. */
async function cascade(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unclip-cascade-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(fixturePath("karlo-tiny"), folder, { recursive: true });
  await cp(join(folder, "super_res_first"), join(folder, "super_res_2_first"), { recursive: true });
  await cp(join(folder, "super_res_scheduler"), join(folder, "super_res_2_scheduler"), { recursive: true });
  await edit(join(folder, "super_res_2_first/config.json"), { sample_size: 128 });
  await edit(join(folder, "model_index.json"), {
    super_res_2_first: ["diffusers", "UNet2DModel"],
    super_res_2_scheduler: ["diffusers", "UnCLIPScheduler"],
  });
  return folder;
}

async function edit(path: string, changes: Record<string, unknown>): Promise<void> {
  const json = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...json, ...changes }));
}

it("several upsamplers run one after the other, each with its own steps", async () => {
  const unclip = await loadUnclip(await cascade());
  expect(unclip.defaults.upsamplers).toEqual([{ steps: 7 }, { steps: 7 }]);
  const { images, stages } = await unclip.generate("a cube", {
    prior: { steps: 2 },
    decoder: { steps: 2 },
    upsamplers: [{ steps: 3 }, { steps: 2 }],
  });
  expect(images[0]!.width).toBe(128);
  expect(stages.slice(-2).map(({ name, steps }) => [name, steps])).toEqual([
    ["upsampler-1", 3],
    ["upsampler-2", 2],
  ]);

  const first = await unclip.generate("a cube", {
    prior: { steps: 2 },
    decoder: { steps: 2 },
    upsamplers: [{ steps: 3 }],
  });
  expect(first.images[0]!.width).toBe(64);
  await unclip.dispose();
});
