import { expect, it } from "vitest";
import { checkFit, textLinks, type Link } from "../../src/families/check-fit.js";
import { refusal } from "../support.js";

const link = (given?: number, taken?: number): Link => ["a gives states", given, "wide", "b takes", taken];

it("parts fit where each takes what the one before it gives, or where one of them is not there", () => {
  expect(() => checkFit("model", [link(8, 8), link(undefined, 8), link(8, undefined), link()])).not.toThrow();
});

it("the first that do not fit are named, with both sizes and what may have gone wrong", () => {
  const links = [link(8, 8), link(8, 16), link(1, 2)];
  expect(() => checkFit("model", links)).toThrow(
    refusal(/^model: a gives states 8 wide, b takes 16; are the parts from one model\?$/, "config"),
  );
  expect(() => checkFit("model", links, "is it ours?")).toThrow(refusal(/b takes 16; is it ours\?$/, "config"));
});

it.each([
  [{ embeddingWidth: 9 }, "text embeddings 9 wide, the prior takes 8"],
  [{ width: 9 }, "text states 9 wide, the prior takes 8"],
  [{ textLength: 9 }, "captions 9 tokens long, the prior takes 77"],
])("a text encoder of %j does not fit a prior of other sizes", (changed, sizes) => {
  const text = { embeddingWidth: 8, width: 8, textLength: 77 };
  const prior = { embeddingWidth: 8, textLength: 77 };
  expect(() => checkFit("model", textLinks(text, prior))).not.toThrow();
  expect(() => checkFit("model", textLinks({ ...text, ...changed }, prior))).toThrow(
    refusal(`model: the text encoder gives ${sizes}`, "config"),
  );
  expect(() => checkFit("model", textLinks({ ...text, ...changed }, undefined))).not.toThrow();
});
