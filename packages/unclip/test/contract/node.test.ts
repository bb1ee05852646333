import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { saveWithTorch } from "../../../../test-support/torch-folder.js";
import { nodePlatform } from "./node-platform.js";
import { cases, longCases, TORCH_FOLDERS } from "./suite.js";

describe("contract of a platform: Node on the CPU", () => {
  let torch: string;
  beforeAll(async () => {
    torch = await mkdtemp(join(tmpdir(), "unclip-contract-"));
    for (const folder of TORCH_FOLDERS) await saveWithTorch(fixturePath(folder), join(torch, folder));
  });
  afterAll(() => rm(torch, { recursive: true, force: true }));

  for (const [name, run] of Object.entries({ ...cases, ...longCases }))
    it(name, () => run(nodePlatform("cpu", fixturePath(""), torch)));
});
