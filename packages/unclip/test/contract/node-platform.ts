import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { readTensors } from "../../../../test-support/tensors.js";
import type { Platform } from "./suite.js";

/** The suite's Node side.
 * @param fixtures the folder fixtures/
 * @param torch a folder with the models that torch saved */
export function nodePlatform(device: Platform["device"], fixtures: string, torch: string): Platform {
  return {
    device,
    folder: (path) => join(fixtures, path),
    torchFolder: (path) => join(torch, path),
    async picture(path) {
      const pixels = sharp(join(fixtures, path)).removeAlpha().raw();
      const { data, info } = await pixels.toBuffer({ resolveWithObject: true });
      return { width: info.width, height: info.height, data: new Uint8Array(data) };
    },
    tensors: async (path) => readTensors(readFileSync(join(fixtures, path))),
  };
}
