import type { TextFolder } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { readDefaults } from "../src/defaults.js";
import { folderOf } from "./support.js";

type Stages = Parameters<typeof readDefaults>[1];
const stages = { decoder: { defaults: { steps: 25, guidanceScale: 8 } }, upsamplers: [{}, {}] } as unknown as Stages;
const read = (settings?: unknown) => {
  const files: Record<string, string> = settings === undefined ? {} : { "unclip.json": JSON.stringify(settings) };
  return readDefaults(folderOf(files) as TextFolder, stages);
};

describe("readDefaults", () => {
  it("takes the pipeline's own without a file", async () => {
    expect(await read()).toStrictEqual({
      prior: { steps: 25, guidanceScale: 4 },
      decoder: { steps: 25, guidanceScale: 8 },
      upsamplers: [{ steps: 7 }, { steps: 7 }],
    });
    expect(await read({})).toStrictEqual(await read());
  });

  it("takes each setting of the file on its own", async () => {
    const defaults = { prior: { steps: 5 }, decoder: { guidanceScale: 2 }, upsamplers: [{}, { steps: 3 }] };
    expect(await read({ defaults })).toStrictEqual({
      prior: { steps: 5, guidanceScale: 4 },
      decoder: { steps: 25, guidanceScale: 2 },
      upsamplers: [{ steps: 7 }, { steps: 3 }],
    });
  });

  it.each([
    [{ defaults: "x" }, 'model/unclip.json: defaults: expected an object with settings, got "x"'],
    [{ defaults: [] }, "model/unclip.json: defaults: expected an object with settings, got []"],
    [{ defaults: { prior: 5 } }, "model/unclip.json: defaults: prior: expected an object with settings, got 5"],
    [
      { defaults: { upsamplers: [{}, 4] } },
      "model/unclip.json: defaults.upsamplers[1]: expected an object with settings, got 4",
    ],
    [{ defaults: { upsamplers: 5 } }, "model/unclip.json: defaults.upsamplers: expected a list of settings, got 5"],
    [{ defaults: { decoder: { steps: "many" } } }, "model/unclip.json: defaults.decoder: steps"],
  ])("refuses %j", async (settings, message) => {
    await expect(read(settings)).rejects.toMatchObject({ code: "config", message: expect.stringContaining(message) });
  });
});
