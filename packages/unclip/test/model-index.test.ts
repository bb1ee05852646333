import { expect, it } from "vitest";
import { familyOf, priorsOf } from "../src/families/index.js";
import { readModelIndex } from "../src/model-index.js";
import { folderOf } from "./support.js";

it("tells the pipeline and the components that are there", async () => {
  const index = { _class_name: "UnCLIPPipeline", prior: ["diffusers", "PriorTransformer"], none: [null, null], n: 3 };
  const { className, components } = await readModelIndex(folderOf({ "model_index.json": JSON.stringify(index) }));
  expect(className).toBe("UnCLIPPipeline");
  expect([...components]).toEqual([["prior", "PriorTransformer"]]);
});

it.each([
  [{}, "model: model_index.json is missing; expected a folder as diffusers'"],
  [{ "model_index.json": "{}" }, "model/model_index.json: _class_name"],
])("refuses %j", async (files, message) => {
  await expect(readModelIndex(folderOf(files as Record<string, string>))).rejects.toMatchObject({
    code: "config",
    message: expect.stringContaining(message),
  });
});

it("finds the family of a pipeline, or names those that there are", () => {
  expect(familyOf("UnCLIPPipeline", "model").name).toBe("karlo");
  expect(() => familyOf("Nothing", "model")).toThrow(
    expect.objectContaining({
      code: "config",
      message: expect.stringMatching(/^model: _class_name "Nothing" is not supported; expected ".*" or ".*"$/),
    }),
  );
});

it.each(["KandinskyV22PriorPipeline", "KandinskyPriorPipeline", "KandinskyV22PriorEmb2EmbPipeline"])(
  "says what to do with the folder of a prior alone: %s",
  (className) => {
    const message =
      "a/b holds a prior alone; open the folder of a decoder, and give this one as priorModel (--prior-model)";
    expect(() => familyOf(className, "a/b/model_index.json")).toThrow(
      expect.objectContaining({ code: "config", message }),
    );
  },
);

it("knows the pipelines that priors of a decoder are saved from, where it has none of its own", () => {
  expect(priorsOf("KandinskyV22InpaintPipeline")).toContain("KandinskyV22PriorPipeline");
  expect(priorsOf("KandinskyPipeline")).toEqual(["KandinskyPriorPipeline"]);
  expect(priorsOf("UnCLIPPipeline")).toBe(undefined);
  expect(priorsOf("Nothing")).toBe(undefined);
});
