/* Decoding without a prior: the caption alone conditions the decoder, and guidance says how closely it is followed.
 *
 *   node caption-only.mjs "a green ring" */
import { writeFile } from "node:fs/promises";
import { createRandom, encodePng, loadUnclip, picturesFromPixels } from "unclip";

const [caption = "a green ring"] = process.argv.slice(2);

const unclip = await loadUnclip();
const { textEncoder, decoder } = unclip.stages;
const [text, empty] = [await textEncoder.embed([caption]), await textEncoder.embed([""])];
for (const guidanceScale of [1, 2, 4]) {
  const settings = { random: createRandom(7), steps: 20, guidanceScale };
  const pixels = await decoder.decode(
    { text },
    { ...settings, ...(guidanceScale !== 1 && { negative: { text: empty } }) },
  );
  const [picture] = picturesFromPixels(pixels);
  await writeFile(`guidance-${guidanceScale}.png`, await encodePng(picture));
  console.log(`guidance-${guidanceScale}.png: ${picture.width} x ${picture.height}`);
}
await unclip.dispose();
