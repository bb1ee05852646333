import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModelFolder } from "../src/model-folder.js";
import { ownSettings, settingsWith } from "../src/picture-settings.js";

const KARLO = {
  prior: { steps: 25, guidanceScale: 4 },
  decoder: { steps: 25, guidanceScale: 8 },
  upsamplers: [{ steps: 7 }],
};

describe("ownSettings", () => {
  let directory = "";
  beforeAll(async () => (directory = await mkdtemp(join(tmpdir(), "unclip-bench-"))));
  afterAll(() => rm(directory, { recursive: true }));

  it("are those of a model of Karlo's pipeline", async () => {
    const karlo = join(directory, "karlo");
    await writeModelFolder(karlo, { scale: 16 });
    expect(await ownSettings(karlo)).toEqual(KARLO);
  });

  it("refuses a model of another pipeline in a sentence", async () => {
    const other = join(directory, "other");
    await writeModelFolder(other, { family: "stable-unclip", scale: 16 });
    await expect(ownSettings(other)).rejects.toThrow(
      `${other}: expected a model of Karlo's pipeline (UnCLIPPipeline) with a prior and an upsampler, got one of stable-unclip; bench:weights writes one`,
    );
  });
});

describe("settingsWith", () => {
  it("takes other steps where they are given, and the first upsampler alone", () => {
    const two = { ...KARLO, upsamplers: [{ steps: 7 }, { steps: 2 }] };
    expect(settingsWith(two, {})).toEqual(KARLO);
    expect(settingsWith(two, { prior: 5, upsampler: 3 })).toEqual({
      prior: { steps: 5, guidanceScale: 4 },
      decoder: KARLO.decoder,
      upsamplers: [{ steps: 3 }],
    });
  });
});
