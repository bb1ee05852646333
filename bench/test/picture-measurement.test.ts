import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadUnclip, picturesFromPixels, tensor } from "unclip";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startProcess } from "../src/child.js";
import { readFloats } from "../src/measurement.js";
import { writeModelFolder } from "../src/model-folder.js";
import { nameOf, waysOf } from "../src/picture-measurement.js";

it("paints with every preset in every type, then with diffusers", () => {
  const presets = ["exact", "fast"] as const;
  const diffusersDtypes = ["float32", "bfloat16"] as const;
  expect(waysOf({ presets, diffusersDtypes }).map(nameOf)).toEqual(["unclip float32 exact", "unclip float32 fast"]);
  expect(waysOf({ presets, diffusersDtypes, int8: "folder", python: "python3" }).map(nameOf)).toEqual([
    "unclip float32 exact",
    "unclip float32 fast",
    "unclip int8 exact",
    "unclip int8 fast",
    "diffusers float32",
    "diffusers bfloat16",
  ]);
});

let directory = "";
beforeAll(async () => (directory = await mkdtemp(join(tmpdir(), "unclip-bench-"))));
afterAll(() => rm(directory, { recursive: true }));

it("a process paints a picture for each caption, and writes the pixels of decoder and upsampler", async () => {
  const folder = join(directory, "karlo");
  await writeModelFolder(folder, { scale: 16 });
  const captions = ["a red cube", "a blue sphere"];
  const settings = {
    prior: { steps: 2, guidanceScale: 4 },
    decoder: { steps: 2, guidanceScale: 8 },
    upsamplers: [{ steps: 2 }],
  };
  const output = join(directory, "pixels");
  const paint = fileURLToPath(new URL("../dist/paint.js", import.meta.url)); // turbo builds before it tests
  const child = await startProcess(process.execPath, [paint, folder, output, JSON.stringify({ captions, settings })]);
  for (const _ of captions) {
    const { seconds, openSeconds } = await child.step();
    expect(openSeconds).toBeLessThan(seconds);
  }
  await child.end();

  const unclip = await loadUnclip(folder);
  for (const [name, upsamplers] of [
    ["decoder", 0],
    ["final", settings.upsamplers],
  ] as const) {
    const painted = [];
    for (const [seed, caption] of captions.entries()) {
      painted.push(...(await unclip.generate(caption, { ...settings, upsamplers, seed })).images);
    }
    const { width, height } = painted[0]!;
    const pixels = await readFloats(`${output}-${name}`);
    expect(picturesFromPixels(tensor(pixels, [captions.length, 3, height, width]))).toEqual(painted);
  }
  await unclip.dispose();
});
