/* One caption by four priors, from the same noise: what each makes of it.
 *
 *   node swap-the-prior.mjs "a red cube on top of a blue sphere" */
import { writeFile } from "node:fs/promises";
import { encodePng, loadUnclip } from "unclip";

const [caption = "a red cube on top of a blue sphere"] = process.argv.slice(2);

const unclip = await loadUnclip();
for (const kind of ["diffusion", "autoregressive", "text-embedding", "none"]) {
  const { images } = await unclip.generate(caption, { seed: 7, prior: { kind }, upsamplers: 1 });
  await writeFile(`${kind}.png`, await encodePng(images[0]));
  console.log(`${kind}.png`);
}
await unclip.dispose();
