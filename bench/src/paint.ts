import { createRun, valuesOf, type Tensor } from "@unclip/tensor";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { createRuntime, loadUnclip, type Unclip } from "unclip";
import type { PictureSettings } from "./picture-settings.js";

/* Our side of a whole picture in a process of its own: node paint.js <folder> <file for the pixels> <settings as JSON>.
 * Loads the model, then paints the next caption for each line "step" of its input and stops at its end. It answers each with one line of JSON. Pixels
 * are written as float32: the decoder's into <file>-decoder, those of the upsampler into <file>-final. */

const [folder, outputFile, json] = process.argv.slice(2) as [string, string, string];
const { captions, settings, threads } = JSON.parse(json) as PictureSettings;
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const peakBytes = () => process.resourceUsage().maxRSS * 1024;
const seconds = () => performance.now() / 1e3;

let openSeconds = 0;
const opening = seconds();
const unclip = await loadUnclip(folder, {
  ...(threads !== undefined && { threads }),
  onEvent: ({ type, durationMs }) => {
    if (type === "opened") openSeconds += durationMs / 1e3;
  },
});
const pixels = { decoder: [] as Tensor[], final: [] as Tensor[] };
watchUpsampler(unclip);
say({ seconds: seconds() - opening, peakBytes: peakBytes(), version: (await createRuntime()).version });

let painted = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  openSeconds = 0;
  const start = seconds();
  await unclip.generate(captions[painted]!, { ...settings, seed: painted });
  say({ seconds: seconds() - start, openSeconds, peakBytes: peakBytes() });
  painted++;
}
await unclip.dispose();
for (const [name, tensors] of Object.entries(pixels)) {
  await writeFile(
    `${outputFile}-${name}`,
    new Uint8Array(Float32Array.from(tensors.flatMap((x) => [...valuesOf(x)])).buffer),
  );
}

/** Keeps what the first upsampler is given and what it makes, before that becomes 8-bit pixels. */
function watchUpsampler({ stages }: Unclip): void {
  const upsampler = stages.upsamplers[0]!;
  const upsample = upsampler.upsample.bind(upsampler);
  upsampler.upsample = (small, options) =>
    createRun(async function* () {
      const large = yield* upsample(small, options);
      pixels.decoder.push(small);
      pixels.final.push(large);
      return large;
    });
}
