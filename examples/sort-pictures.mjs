/* Sorts the pictures of a folder by what they show, without training: CLIP is asked which label fits each. With --move each goes into a folder
 * of its label's name. `loadClip` takes "openai/clip-vit-base-patch32" in place of toybox's CLIP, for photographs.
 *
 *   node sort-pictures.mjs folder "cube,sphere,ring" [--move] */
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { classify, loadClip } from "unclip";

const [folder, labels, move] = process.argv.slice(2);
if (labels === undefined) {
  console.error('usage: node sort-pictures.mjs folder "cube,sphere,ring" [--move]');
  process.exit(2);
}

const clip = await loadClip();
const names = (await readdir(folder)).filter((name) => /\.(png|jpe?g|webp)$/i.test(name)).sort();
for (const name of names) {
  const { data, info } = await sharp(join(folder, name))
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const picture = { width: info.width, height: info.height, data };
  const found = await classify(clip, picture, labels.split(","), { template: "a {}" });
  const best = found.reduce((a, b) => (b.probability > a.probability ? b : a));
  console.log(`${name}: ${best.label} (${Math.round(best.probability * 100)} %)`);
  if (move !== "--move") continue;
  await mkdir(join(folder, best.label), { recursive: true });
  await rename(join(folder, name), join(folder, best.label, name));
}
await clip.dispose();
