import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { encodePng } from "../packages/unclip/dist/index.js";

/* Draws a mask: node scripts/draw-mask.mjs mask.png WIDTH HEIGHT LEFT TOP RIGHT BOTTOM makes a black picture with a white rectangle. */

const [file, ...numbers] = process.argv.slice(2);
const [width, height, left, top, right, bottom] = numbers.map(Number);
if (file === undefined || numbers.length !== 6 || !numbers.every((text) => /^\d+$/.test(text))) {
  process.stderr.write("usage: node scripts/draw-mask.mjs FILE WIDTH HEIGHT LEFT TOP RIGHT BOTTOM, in pixels\n");
  process.exit(2);
}
const data = Buffer.alloc(width * height * 3);
for (let y = top; y < Math.min(bottom, height); y++)
  data.fill(255, (y * width + left) * 3, (y * width + Math.min(right, width)) * 3);
await writeFile(file, await encodePng({ width, height, data }));
