import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { readTensors } from "../../../../test-support/tensors.js";
import { saveWithTorch } from "../../../../test-support/torch-folder.js";
import { cases, longCases, TORCH_FOLDERS } from "./suite.js";

describe("contract of a platform: Node on the CPU", () => {
  let torch: string;
  beforeAll(async () => {
    torch = await mkdtemp(join(tmpdir(), "unclip-contract-"));
    for (const folder of TORCH_FOLDERS) await saveWithTorch(fixturePath(folder), join(torch, folder));
  });
  afterAll(() => rm(torch, { recursive: true, force: true }));

  for (const [name, run] of Object.entries({ ...cases, ...longCases })) {
    it(name, () =>
      run({
        device: "cpu",
        folder: fixturePath,
        torchFolder: (path) => join(torch, path),
        async picture(path) {
          const { data, info } = await sharp(fixturePath(path))
            .removeAlpha()
            .raw()
            .toBuffer({ resolveWithObject: true });
          return { width: info.width, height: info.height, data: new Uint8Array(data) };
        },
        tensors: async (path) => readTensors(readFileSync(fixturePath(path))),
      }),
    );
  }
});
