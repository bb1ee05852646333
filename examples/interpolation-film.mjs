/* A film from one caption to another, over the arc between their image embeddings.
 *
 *   node interpolation-film.mjs "a red cube" "a blue sphere" */
import { writeFile } from "node:fs/promises";
import { encodeApng, loadUnclip } from "unclip";

const [from = "a red cube", to = "a blue sphere"] = process.argv.slice(2);

const unclip = await loadUnclip();
const run = unclip.interpolate([from, to], { frames: 8, seed: 7, decoder: { steps: 20 }, upsamplers: 1 });
for await (const { stage, step, steps } of run) if (step === steps) console.log(`${stage}: done`);
const { images } = await run;
const thereAndBack = [...images, ...images.slice(1, -1).reverse()];
await writeFile("film.png", await encodeApng(thereAndBack, { delayMs: 120 })); // browsers play it
console.log(`film.png: ${thereAndBack.length} frames`);
await unclip.dispose();
