import { expect, it } from "vitest";
import { clipTowers, componentsOf } from "../src/clip-towers.js";

const towersOf = (components: Record<string, string>) =>
  clipTowers({ className: "Pipeline", components: new Map(Object.entries(components)) });
const PROJECTED = "CLIPTextModelWithProjection";

it("CLIP's towers lie where the pipeline's family puts them, those of a prior before others", () => {
  expect(towersOf({ text_encoder: PROJECTED, image_encoder: "Vision", feature_extractor: "Processor" })).toEqual({
    text: { component: "text_encoder", tokenizer: "tokenizer" },
    image: { component: "image_encoder", preprocessor: "feature_extractor" },
  });
  const combined = towersOf({
    text_encoder: PROJECTED,
    image_encoder: "Vision",
    image_processor: "Processor",
    prior_text_encoder: PROJECTED,
    prior_image_encoder: "Vision",
    prior_image_processor: "Processor",
  });
  expect(componentsOf(combined)).toEqual([
    "prior_text_encoder",
    "prior_tokenizer",
    "prior_image_encoder",
    "prior_image_processor",
  ]);
});

it("a text encoder without a projection is none, nor is an image encoder that nothing prepares pictures for", () => {
  expect(towersOf({ text_encoder: "CLIPTextModel", image_encoder: "Vision" })).toEqual({});
  expect(componentsOf({})).toEqual([]);
});
