import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { readTensors } from "../../../../test-support/tensors.js";
import { cases } from "./suite.js";

describe("contract of a platform: Node on the CPU", () => {
  for (const [name, run] of Object.entries(cases)) {
    it(name, () =>
      run({
        device: "cpu",
        folder: fixturePath,
        tensors: async (path) => readTensors(readFileSync(fixturePath(path))),
      }),
    );
  }
});
