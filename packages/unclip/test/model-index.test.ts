import { expect, it } from "vitest";
import { familyOf } from "../src/families/index.js";
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
