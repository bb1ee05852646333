import { openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { safetensors, temporaryFolder } from "./support.js";

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const SCALES = { weight_scale: [1, 2], input_scale: [0.5], output_scale: [3, 4] };

/** A folder whose decoder has one int8 layer. */
async function folderWith(changes: Partial<Record<keyof typeof SCALES, number[]>> = {}) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "decoder"));
  const scales = Object.entries({ ...SCALES, ...changes }).map(([name, values]) => [
    `c.${name}`,
    { dims: [values.length], bytes: floats(...values) },
  ]);
  const bytes = safetensors({
    "c.weight": { dtype: "I8", dims: [2, 3], bytes: new Uint8Array(6) },
    "other.weight_scale": { dims: [1], bytes: floats(NaN) }, // belongs to no int8 weight
    ...Object.fromEntries(scales),
  });
  await writeFile(join(folder, "decoder", "model.safetensors"), bytes);
  return openModelFolder(folder);
}

it("scales that are positive numbers are read at once, and let pass", async () => {
  const folder = await folderWith();
  const bytes = vi.spyOn(folder, "bytes");
  const { weights } = await readCheckpoint(folder, "decoder");
  expect(weights.get("c.weight")).toMatchObject({ type: "I8", dims: [2, 3] });
  expect(bytes).toHaveBeenCalledTimes(3); // the header's length, the header, the scales
});

it.each(["weight_scale", "input_scale", "output_scale"] as const)(
  "%s of other than positive numbers is refused",
  async (name) => {
    for (const bad of [NaN, 0, -1, Infinity]) {
      const values = [...SCALES[name].slice(0, -1), bad];
      await expect(readCheckpoint(await folderWith({ [name]: values }), "decoder")).rejects.toMatchObject({
        code: "weights",
        message: expect.stringMatching(
          new RegExp(`decoder/model.safetensors: "?c.${name}"?: expected positive numbers, got ${bad};`),
        ),
      });
    }
  },
);
