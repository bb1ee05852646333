import { rm, writeFile } from "node:fs/promises";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { inspectModel } from "unclip";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import { fixturePath } from "../../../test-support/index.js";
import { refusal } from "./support.js";

async function copy(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(fixturePath("karlo-tiny"), folder, { recursive: true });
  return folder;
}

describe("inspectModel", () => {
  it("lists every component of the folder, those without weights as they are", async () => {
    const { model, className, family, components, can, lacks } = await inspectModel(fixturePath("karlo-tiny"));
    expect([model, className, family]).toEqual([fixturePath("karlo-tiny"), "UnCLIPPipeline", "karlo"]);
    const weightless = components.filter(({ dtypes }) => dtypes.length === 0);
    expect(weightless.map(({ className: of }) => of).sort()).toEqual([
      "CLIPImageProcessor",
      "CLIPTokenizer",
      "UnCLIPScheduler",
      "UnCLIPScheduler",
      "UnCLIPScheduler",
    ]);
    for (const { status, sizeBytes, parameters } of weightless) {
      expect([status, sizeBytes, parameters]).toEqual(["ok", 0, 0]);
    }
    for (const { status, sizeBytes, parameters, dtypes } of components.filter((one) => !weightless.includes(one))) {
      expect([status, dtypes]).toEqual(["ok", ["F32"]]);
      expect(sizeBytes).toBe(4 * parameters);
      expect(parameters).toBeGreaterThan(0);
    }
    expect(can).toContain("vary pictures");
    expect(lacks.join()).toContain("no autoregressive prior");
  });

  it("tells each problem once, and what keeps the folder from opening", async () => {
    const folder = await copy();
    await rm(join(folder, "prior/diffusion_pytorch_model.safetensors"));
    const { problems, components, can, lacks } = await inspectModel(folder);
    const [prior] = components.filter(({ name }) => name === "prior");
    expect(prior).toMatchObject({ sizeBytes: 0, parameters: 0, dtypes: [], status: problems[0] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/prior: no weights/);
    expect([can, lacks]).toEqual([[], []]);
  });

  it("tells a config that does not fit, where all weights are whole", async () => {
    const folder = await copy();
    await writeFile(join(folder, "prior/config.json"), "{");
    const { problems, components } = await inspectModel(folder);
    expect(components.every(({ status }) => status === "ok")).toBe(true);
    expect(problems).toEqual([expect.stringMatching(/prior\/config.json: not valid JSON/)]);
  });

  it("refuses a folder that is no model", async () => {
    await expect(inspectModel(fixturePath("pictures"))).rejects.toThrow(
      refusal(/pictures: model_index.json is missing/, "config"),
    );
    await expect(inspectModel(fixturePath("nowhere"))).rejects.toThrow(refusal(/nowhere/));
  });

  it("is of toybox where none is named", async () => {
    expect(await inspectModel()).toMatchObject({ model: "toybox", family: "karlo", problems: [] });
  });
});
