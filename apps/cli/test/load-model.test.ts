import { expect, it } from "vitest";
import { loadModel } from "../src/load-model.js";
import { createFakeHost } from "./fake-host.js";

it("quantising says that it is done once, and how long it took", async () => {
  const host = createFakeHost();
  let ms = 0;
  const timed = { ...host, now: () => ms };
  const loaded = await loadModel(timed, async ({ onDownload, onQuantize }) => {
    onDownload({ loaded: 2e6, total: 2e6 } as Parameters<typeof onDownload>[0]);
    onQuantize({ stage: "layers of prior", step: 0, steps: 3 });
    ms = 65_000;
    onQuantize({ stage: "layers of prior", step: 3, steps: 3 });
    return "model";
  });
  expect(loaded).toBe("model");
  expect(host.stderr.text.split("\n")).toEqual([
    "download: 2 MB, 0.0 s",
    "int8 is made once for each model: in minutes for a small one, in hours for a large one",
    "layers of prior: 3 steps, 1 min 05 s",
    "int8 was made in 1 min 05 s, and is kept for the next time",
    "",
  ]);
});

it("a model that is there is loaded without a word", async () => {
  const host = createFakeHost();
  expect(await loadModel(host, async () => "model")).toBe("model");
  expect(host.stderr.text).toBe("");
});
