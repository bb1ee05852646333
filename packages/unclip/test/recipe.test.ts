import type { Sampler } from "@unclip/sampler";
import { describe, expect, it } from "vitest";
import { recipeOf, requestOf, type Recipe } from "../src/recipe.js";

type Model = Parameters<typeof recipeOf>[0];
const model = { model: "toybox", runtime: { version: "1.30.0" } } as unknown as Model;
const filled = { n: 1, seed: 3, negative: "", decoder: { steps: 2, guidanceScale: 1 }, upsamplers: [{ steps: 7 }] };
const recipe = recipeOf(model, "generate", filled);
const refusal = (message: string) =>
  expect.objectContaining({ code: "input", message: expect.stringContaining(message) });

describe("recipeOf", () => {
  it("holds the operation, the request, the model and the versions", () => {
    expect(recipe).toStrictEqual({
      operation: "generate",
      ...filled,
      model: "toybox",
      versions: { unclip: expect.stringMatching(/^\d/), onnxruntime: "1.30.0" },
    });
  });

  it("names the type of weights and the arithmetic where they are not the usual ones, which no request has", () => {
    const runtime = { ...model.runtime, arithmetic: "float16" } as Model["runtime"];
    const other = recipeOf({ ...model, dtype: "int8", runtime }, "generate", filled);
    expect(other).toStrictEqual({ ...recipe, dtype: "int8", arithmetic: "float16" });
    expect(requestOf(other)).toStrictEqual(requestOf(recipe));
    expect(recipeOf({ ...model, runtime: { ...runtime, arithmetic: "float32" } }, "generate", filled)).toStrictEqual(
      recipe,
    );
  });

  it("names what is no data, and leaves out what is undefined", () => {
    const sampler = { name: "mine", begin: () => {} };
    const prior = { name: "mine", embed: () => {} };
    const decoder = { ...filled.decoder, sampler: sampler as unknown as Sampler };
    const own = { ...filled, prior, mask: undefined, decoder, style: null };
    expect(recipeOf(model, "generate", own)).toStrictEqual({
      ...recipe,
      prior: { kind: "own:mine" },
      decoder: { ...filled.decoder, sampler: "own:mine" },
      style: null,
    });
  });
});

describe("requestOf", () => {
  it("gives back the request", () => {
    expect(requestOf(recipe)).toStrictEqual({ operation: "generate", request: filled });
  });

  it("changes the settings of a stage one by one, all others whole", () => {
    const changes = { n: 2, decoder: { steps: 9 }, upsamplers: 0, negative: { a: 1 } };
    expect(requestOf(recipe, changes).request).toStrictEqual({
      ...filled,
      n: 2,
      decoder: { steps: 9, guidanceScale: 1 },
      upsamplers: 0,
      negative: { a: 1 },
    });
    const sampler = new (class Own {
      steps = 1;
    })();
    expect(requestOf(recipe, { decoder: sampler }).request["decoder"]).toBe(sampler);
  });

  it.each([null, undefined, "x", {}, { operation: 3 }])("refuses %j, which is no recipe", (given) => {
    expect(() => requestOf(given as unknown as Recipe)).toThrow(refusal("recipe: expected the recipe of a generation"));
  });

  it("asks for a seed where the recipe has none", () => {
    const { seed: _seed, ...seedless } = recipe;
    expect(() => requestOf(seedless)).toThrow(refusal("recipe: has no seed"));
    expect(requestOf(seedless, { seed: 4 }).request["seed"]).toBe(4);
    const random = {};
    expect(requestOf(seedless, { random }).request["random"]).toBe(random);
  });
});
