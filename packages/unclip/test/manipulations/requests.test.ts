import { describe, expect, it } from "vitest";
import { compare } from "../../src/manipulations/compare.js";
import { components } from "../../src/manipulations/components.js";
import { edit } from "../../src/manipulations/edit.js";
import { interpolate } from "../../src/manipulations/interpolate.js";
import { mix } from "../../src/manipulations/mix.js";
import { vary } from "../../src/manipulations/vary.js";
import { refusal } from "../support.js";
import { dot, fakeModel, stored } from "./fake-model.js";

/* How the requests of the manipulations are filled and refused. */

const kept = stored(1, { pixels: [0, 0, 0] });
const KEPT_CAPTION = { caption: "kept", imageEmbedding: kept.imageEmbedding };
const prior = { scheduler: fakeModel().stages.decoder.scheduler };
const full = fakeModel({ stages: { prior } });
const priorless = fakeModel({ lacks: { prior: "has no prior" } });
const three = [dot(1), dot(2), dot(3)];

describe("vary", () => {
  it("keeps a caption as it was said: one for all, or one for each picture", () => {
    for (const caption of ["a", ["a"], ["a", ""]]) {
      expect(vary.fill({ pictures: [kept, kept], caption }, full)).toMatchObject({ caption, n: 1 });
    }
    expect(vary.fill({ pictures: [kept] }, full)).not.toHaveProperty("caption");
    expect(vary.fill({ pictures: [kept] }, full)).not.toHaveProperty("refinements");
    expect(vary.fill({ pictures: [kept], eta: 0.5 }, full)).toMatchObject({ eta: 0.5, refinements: 2 });
  });

  it.each([
    [{ caption: ["a", "b", "c"] }, "caption: expected one, or 2, one for each picture, got 3"],
    [{ caption: [] }, "caption: expected one, or 2, one for each picture, got 0"],
    [{ caption: 5 }, "caption: expected a text, got number"],
    [{ caption: ["a", "b\0"] }, "caption: holds a NUL character"],
    [
      { refinements: 0 },
      "refinements: without eta no picture is inverted, so that there is nothing to refine; give eta",
    ],
    [{ eta: -1 }, "eta: expected a number from 0 to 1, got -1"],
    [{ negative: ["a", "b", "c"] }, "negative: expected one caption, or 2, one for each caption or picture, got 3"],
    [{ eta: 0, negative: ["a", "b", "c"] }, "negative: expected one caption, or 2, one for each caption or picture"],
    [{ captions: "a" }, 'vary: there is no setting "captions"; expected pictures, caption, eta, '],
  ])("refuses %j", (request, message) => {
    expect(() => vary.fill({ pictures: [kept, kept], ...(request as object) }, full)).toThrow(refusal(message));
  });

  it("refuses a caption of a model that reads none", () => {
    const model = fakeModel({ lacks: { caption: "reads none; leave it out" } });
    expect(() => vary.fill({ pictures: [kept], caption: "" }, model)).toThrow(
      refusal("caption: reads none; leave it out"),
    );
  });
});

describe("interpolate", () => {
  it("takes the pictures' own noise where all items are pictures", () => {
    expect(interpolate.fill({ items: [kept, dot(1)] }, priorless)).toMatchObject({
      noise: "inverted",
      frames: 9,
      n: 1,
    });
    expect(interpolate.fill({ items: [kept, dot(1)], noise: "fixed" }, priorless)).toMatchObject({ noise: "fixed" });
    expect(interpolate.fill({ items: [kept, "a"] }, full)).toMatchObject({ noise: "fixed", prior: { steps: 25 } });
    expect(interpolate.fill({ items: [kept, KEPT_CAPTION] }, priorless)).toMatchObject({ noise: "fixed" });
    expect(interpolate.fill({ items: [kept, kept] }, priorless)).not.toHaveProperty("prior");
  });

  it.each([
    [{ items: [kept, KEPT_CAPTION], noise: "inverted" }, "noise: a caption has no noise to be inverted; choose fixed"],
    [{ noise: "white" }, "noise: expected inverted or fixed, got white"],
    [{ frames: 1 }, "frames: expected 2 or more, the ends among them, got 1"],
    [{ frames: 65 }, "frames: expected a whole number from 1 to 64, got 65"],
    [{ items: [kept] }, "items: expected at least 2 pictures or captions, got 1"],
    [{ items: [kept, "a"] }, "prior.kind: has no prior"],
    [{ weights: [1] }, 'interpolate: there is no setting "weights"; expected items, frames, noise, prior, '],
  ])("refuses %j", (request, message) => {
    const whole = { items: [kept, kept], ...(request as object) };
    expect(() => interpolate.fill(whole, priorless)).toThrow(refusal(message));
  });
});

describe("mix", () => {
  it("counts all items the same where no weights are given, and asks for a prior where captions need one", () => {
    expect(mix.fill({ items: [dot(1), kept] }, priorless)).toMatchObject({ weights: [1, 1] });
    expect(mix.fill({ items: [dot(1)] }, priorless)).not.toHaveProperty("prior");
    expect(mix.fill({ items: ["a"], weights: [-2] }, full)).toMatchObject({ weights: [-2], prior: { steps: 25 } });
  });

  it.each([
    [{ items: [] }, "items: expected at least 1 pictures or captions, got 0"],
    [{ items: ["a", kept] }, "prior.kind: has no prior"],
    [{ weights: [1] }, "weights: expected 2 numbers, one for each item, got 1"],
    [{ weights: "1,2" }, "weights: expected 2 numbers, one for each item, got 1,2"],
    [{ weights: [1, Infinity] }, "weights: expected 2 numbers, one for each item, got 1,Infinity"],
    [{ weights: [1, -1] }, "weights: 1, -1 sum to 0, so that nothing is left; raise one"],
    [{ weights: [-1, 1 + 1e-7] }, "weights: -1, 1.0000001 sum to 0"],
    [{ frames: 2 }, 'mix: there is no setting "frames"; expected items, weights, prior, '],
  ])("refuses %j", (request, message) => {
    const whole = { items: [kept, kept], ...(request as object) };
    expect(() => mix.fill(whole, priorless)).toThrow(refusal(message));
  });
});

describe("edit", () => {
  it("takes the paper's settings where none are given", () => {
    expect(edit.fill({ picture: kept, to: "a ring" }, full)).toMatchObject({
      from: "",
      to: "a ring",
      strength: 0.3,
      captions: false,
      frames: 1,
      n: 1,
      refinements: 2,
    });
    const whole = { from: "a cube", to: "a ring", strength: 1, captions: true, frames: 64 };
    expect(edit.fill({ picture: kept, ...whole }, full)).toMatchObject(whole);
  });

  it.each([
    [{ to: "" }, 'to: says the same as from (""), so that there is no direction to go; change one'],
    [{ from: " A Ring", to: "a ring " }, 'to: says the same as from ("a ring ")'],
    [{ from: 3 }, "from: expected a text, got number"],
    [{ to: null }, "to: expected a text, got null"],
    [{ strength: 1.1 }, "strength: expected a number from 0 to 1, got 1.1"],
    [{ strength: -0.1 }, "strength: expected a number from 0 to 1, got -0.1"],
    [{ frames: 0 }, "frames: expected a whole number from 1 to 64, got 0"],
    [{ frames: 65 }, "frames: expected a whole number from 1 to 64, got 65"],
    [{ captions: 1 }, "captions: expected true or false, got 1"],
    [{ picture: undefined }, "picture: expected a picture"],
    [{ eta: 1 }, 'edit: there is no setting "eta"; expected picture, from, to, strength, captions, frames, '],
  ])("refuses %j", (request, message) => {
    expect(() => edit.fill({ picture: kept, to: "a ring", ...(request as object) }, full)).toThrow(refusal(message));
  });

  it("refuses a model that embeds no captions", () => {
    const model = fakeModel({ lacks: { textEncoder: "embeds none" } });
    expect(() => edit.fill({ picture: kept, to: "a" }, model)).toThrow(refusal("edit: embeds none"));
  });
});

describe("components", () => {
  const wide = (embeddingWidth: number, stages: object = {}) =>
    fakeModel({ stages: { decoder: { ...full.stages.decoder, embeddingWidth }, prior, ...stages } });
  const fill = (request: object, model = wide(1)) => components.fill({ picture: dot(1), ...request }, model);

  it("shows 1, 2, 4, ... and at last all components that there are", () => {
    expect(fill({ among: three })).toMatchObject({ counts: [1] }); // embeddings of one number
    expect(fill({ among: three }, wide(9))).toMatchObject({ counts: [1, 2] });
    expect(fill({ among: [...three, ...three] }, wide(9))).toMatchObject({ counts: [1, 2, 4, 5] });
    expect(fill({ among: [...three, dot(4), dot(5)] }, wide(9))).toMatchObject({ counts: [1, 2, 4] });
    expect(fill({ among: three, counts: [2, 1] }, wide(9))).toMatchObject({ counts: [2, 1] });
    const learned = { autoregressivePrior: { config: { components: 3 } } };
    expect(fill({}, wide(1, learned))).toMatchObject({ counts: [1, 2, 3] });
    expect(fill({}, wide(1, learned))).not.toHaveProperty("among");
  });

  it("takes what a recipe kept, of which it counts the rows", () => {
    const among = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer).toString("base64");
    expect(fill({ among }, wide(1))).toMatchObject({ among, counts: [1] });
    expect(() => fill({ among: "AAAA" })).toThrow(
      refusal("among: expected float32 values [N, 1] in base64, got 3 bytes"),
    );
  });

  it("asks for a prior where captions need one", () => {
    expect(fill({ among: ["a", "b"] })).toMatchObject({ prior: { steps: 25 } });
    expect(components.fill({ picture: dot(1), among: three }, priorless)).not.toHaveProperty("prior");
    const captions = { picture: dot(1), among: ["a", dot(2)] };
    expect(() => components.fill(captions, priorless)).toThrow(refusal("prior.kind: has no prior"));
  });

  it.each([
    [
      {},
      "among: fake has no autoregressive prior, whose components would be taken; name pictures or captions in which",
    ],
    [{ among: [dot(1)] }, "items: expected at least 2 pictures or captions, got 1"],
    [{ among: three, counts: [] }, "counts: expected whole numbers from 1 to 1, as many components as there are, got "],
    [
      { among: three, counts: [2] },
      "counts: expected whole numbers from 1 to 1, as many components as there are, got 2",
    ],
    [{ among: three, counts: [0] }, "counts: expected whole numbers from 1 to 1"],
    [{ among: three, counts: [1, 0.5] }, "counts: expected whole numbers from 1 to 1"],
    [{ among: three, counts: 1 }, "counts: expected whole numbers from 1 to 1"],
    [{ count: [1] }, 'components: there is no setting "count"; expected picture, among, counts, prior, '],
  ])("refuses %j", (request, message) => {
    expect(() => fill(request)).toThrow(refusal(message));
  });
});

describe("compare", () => {
  it("fills the prior's settings, for one picture in each of three ways", () => {
    expect(compare.fill({ caption: "a", prior: { steps: 2 } }, full)).toMatchObject({
      caption: "a",
      prior: { kind: "diffusion", steps: 2 },
      n: 1,
    });
  });

  it.each([
    [{ caption: 5 }, "caption: expected a text, got number"],
    [{ captions: ["a"] }, 'compare: there is no setting "captions"; expected caption, prior, '],
    [{ prior: { steps: 0 } }, "prior.steps: expected a whole number"],
  ])("refuses %j", (request, message) => {
    expect(() => compare.fill({ caption: "a", ...(request as object) }, full)).toThrow(refusal(message));
  });

  it("refuses a model that lacks one of the ways", () => {
    const model = fakeModel({ lacks: { withoutPrior: "always sees an embedding" } });
    expect(() => compare.fill({ caption: "a" }, model)).toThrow(refusal("compare: always sees an embedding"));
  });
});
