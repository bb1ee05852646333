import { beforeAll, describe, expect, it } from "vitest";
import type { Picture, Recipe, Unclip } from "unclip";
import { rows, valuesOf } from "@unclip/tensor";
import { fixturePath, largestDifference } from "../../../test-support/index.js";
import { sharedModels } from "./shared-models.js";

/* Laws of the manipulations of CLIP latents, on a random model of Karlo's layout. */

const gray = solid(128);
const dark = solid(40);
const small = { decoder: { steps: 3 }, upsamplers: 0 };
const models = sharedModels();
let unclip: Unclip;

beforeAll(async () => {
  unclip = await models(fixturePath("karlo-tiny"));
});

function solid(value: number): Picture {
  return { width: 8, height: 8, data: Uint8Array.from({ length: 192 }, (_, i) => (value + 7 * i) % 256) };
}

/** The two pictures differ by at most one of 255: float32 rounding of batches of another size. */
function expectSame(a: Picture, b: Picture): void {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  expect(largestDifference(a.data, b.data)).toBeLessThanOrEqual(1);
}

async function expectAgain(recipe: Recipe, images: readonly Picture[]): Promise<void> {
  const again = await unclip.again(JSON.parse(JSON.stringify(recipe)) as Recipe);
  expect(again.images).toEqual(images);
  expect(again.recipe).toEqual(recipe);
}

/** The run is refused for its input, with this sentence. */
async function expectRefusal(run: PromiseLike<unknown>, message: RegExp): Promise<void> {
  await expect(run).rejects.toMatchObject({ code: "input", message: expect.stringMatching(message) });
}

describe("vary with eta", () => {
  it("gives one picture at eta 0, whatever the seed, and others above", async () => {
    const toybox = await models("toybox"); // a random network saturates, and hides the noise
    const first = await toybox.vary(gray, { ...small, eta: 0, seed: 1 });
    const second = await toybox.vary(gray, { ...small, eta: 0, seed: 2 });
    expect(second.images).toEqual(first.images);
    const noisy = await toybox.vary(gray, { ...small, eta: 1, n: 2 });
    expect(noisy.images[0]!.data).not.toEqual(first.images[0]!.data);
    expect(noisy.images[0]!.data).not.toEqual(noisy.images[1]!.data);
    expect((await toybox.again(noisy.recipe)).images).toEqual(noisy.images);
  });

  it("paints a picture of the model's own world again at eta 0, the better the more its inversion is refined", async () => {
    const toybox = await models("toybox");
    const { images } = await toybox.generate("a red cube", { upsamplers: 0 });
    const decibels = async (settings: { steps: number; refinements?: number }) => {
      const { steps, ...rest } = settings;
      const again = await toybox.vary(images[0]!, { ...small, decoder: { steps }, eta: 0, ...rest });
      const [a, b] = [images[0]!.data, again.images[0]!.data];
      const squares = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
      return 10 * Math.log10(255 ** 2 / squares);
    };
    const plain = await decibels({ steps: 10, refinements: 0 });
    const refined = await decibels({ steps: 10 });
    expect(refined).toBeGreaterThan(plain + 6);
    expect(refined).toBeGreaterThan(20);
    expect(await decibels({ steps: 30 })).toBeGreaterThan(40);
  });

  it.each<[object, RegExp]>([
    [{ strength: 1 }, /^vary: there is no setting "strength"; expected /],
    [{ eta: 0, refinements: -1 }, /^refinements: expected a whole number from 0 to 20, got -1/],
    [{ eta: 0, refinements: 1.5 }, /^refinements: expected a whole number/],
    [{ refinements: 2 }, /^refinements: without eta no picture is inverted/],
  ])("refuses %j", async (settings, message) => {
    await expectRefusal(unclip.vary(gray, { ...small, ...settings }), message);
  });

  it("counts the inversion as a stage of its own", async () => {
    const seen: string[] = [];
    for await (const { stage, step, steps } of unclip.vary(gray, { ...small, eta: 0 })) {
      if (step > 0) seen.push(`${stage} ${step}/${steps}`);
    }
    const counted = ["1/3", "2/3", "3/3"];
    expect(seen).toEqual(["clip 1/1", ...counted.map((c) => `inversion ${c}`), ...counted.map((c) => `decoder ${c}`)]);
  });

  it.each([-0.1, 1.5, NaN, "x"])("refuses eta %s", async (eta) => {
    await expectRefusal(unclip.vary(gray, { ...small, eta: eta as number }), /^eta: expected a number from 0 to 1/);
  });
});

describe("interpolate", () => {
  it("ends at the pictures that inversion gives back", async () => {
    const { images, recipe } = await unclip.interpolate([gray, dark], { ...small, frames: 3 });
    const [first] = (await unclip.vary(gray, { ...small, eta: 0 })).images;
    const [last] = (await unclip.vary(dark, { ...small, eta: 0 })).images;
    expectSame(images[0]!, first!);
    expectSame(images[2]!, last!);
    expect(images[1]!.data).not.toEqual(images[0]!.data);
    await expectAgain(recipe, images);
  });

  it("stays where both ends are one picture", async () => {
    const { images } = await unclip.interpolate([gray, gray], { ...small, frames: 3 });
    expectSame(images[1]!, images[0]!);
    expectSame(images[2]!, images[0]!);
  });

  it("goes through the items at equal distances", async () => {
    const { images } = await unclip.interpolate([gray, dark, solid(90)], { ...small, frames: 5, noise: "fixed" });
    const { images: half } = await unclip.interpolate([dark, solid(90)], { ...small, frames: 3, noise: "fixed" });
    for (const i of [0, 1, 2]) expectSame(images[2 + i]!, half[i]!);
  });

  it("takes captions, from one noise for all frames", async () => {
    const settings = { ...small, prior: { steps: 2 }, frames: 2 };
    const { images, recipe } = await unclip.interpolate(["a cube", dark], settings);
    expect(recipe).toMatchObject({ operation: "interpolate", noise: "fixed", frames: 2 });
    await expectAgain(recipe, images);
  });

  it.each<[unknown, object, RegExp]>([
    [[], {}, /^items: expected at least 2 pictures or captions, got 0/],
    [[gray], {}, /^items: expected at least 2 pictures or captions, got 1/],
    [undefined, {}, /^items: expected at least 2/],
    [[gray, { width: 1, height: 1, data: new Uint8Array(4) }], {}, /^picture: expected 3 bytes/],
    [[gray, dark], { frames: 1 }, /^frames: expected 2 or more/],
    [[gray, dark], { frames: 65 }, /^frames: expected a whole number from 1 to 64/],
    [[gray, dark], { noise: "white" }, /^noise: expected inverted or fixed/],
    [["a cube", dark], { noise: "inverted" }, /^noise: a caption has no noise to be inverted/],
    [[gray, dark], { weights: [1, 2] }, /^interpolate: there is no setting "weights"/],
  ])("refuses %j with %j", async (items, settings, message) => {
    await expectRefusal(unclip.interpolate(items as Picture[], { ...small, ...settings }), message);
  });
});

describe("mix", () => {
  it("of one item is a variation", async () => {
    const { images } = await unclip.mix([gray], { ...small, seed: 4 });
    expectSame(images[0]!, (await unclip.vary(gray, { ...small, seed: 4 })).images[0]!);
  });

  it("counts weights on any scale, and leaves out an item of weight 0", async () => {
    const paint = async (weights: number[]) => (await unclip.mix([gray, dark], { ...small, weights })).images[0]!;
    expectSame(await paint([2, 6]), await paint([0.25, 0.75]));
    expectSame(await paint([1, 0]), (await unclip.vary(gray, small)).images[0]!);
    expect((await paint([1, 1])).data).not.toEqual((await paint([1, 0])).data);
  });

  it("can be painted again", async () => {
    const settings = { ...small, prior: { steps: 2 }, weights: [0.7, 0.3], n: 2 };
    const { images, recipe } = await unclip.mix([gray, "a red cube"], settings);
    await expectAgain(recipe, images);
  });

  it("asks the prior anew where a recipe is painted with another seed or prior", async () => {
    const settings = { ...small, prior: { steps: 2 }, weights: [0.5, 0.5] };
    const { recipe } = await unclip.mix([gray, "a red cube"], settings);
    for (const changes of [{ seed: 5 }, { prior: { steps: 3 } }]) {
      const expected = await unclip.mix([gray, "a red cube"], { ...settings, ...changes });
      expect((await unclip.again(recipe, changes)).images).toEqual(expected.images);
    }
  });

  it.each<[number[], RegExp]>([
    [[1], /^weights: expected 2 numbers, one for each item, got 1/],
    [[1, NaN], /^weights: expected 2 numbers/],
    [[1, -1], /^weights: 1, -1 sum to 0/],
    [[0, 0], /^weights: 0, 0 sum to 0/],
  ])("refuses the weights %j", async (weights, message) => {
    await expectRefusal(unclip.mix([gray, dark], { ...small, weights }), message);
  });
});

describe("edit", () => {
  it("changes nothing at strength 0, and something above", async () => {
    const captions = { from: "a cube", to: "a ring" };
    const { images, recipe } = await unclip.edit(gray, { ...small, ...captions, strength: 0.5, frames: 3 });
    expectSame(images[0]!, (await unclip.vary(gray, { ...small, eta: 0 })).images[0]!);
    expect(images[2]!.data).not.toEqual(images[0]!.data);
    const last = await unclip.edit(gray, { ...small, ...captions, strength: 0.5 });
    expectSame(last.images[0]!, images[2]!);
    await expectAgain(recipe, images);
  });

  it("lets the decoder read the captions if asked to", async () => {
    const toybox = await models("toybox"); // the random decoder hardly reads them
    const settings = { ...small, from: "a red cube", to: "a blue cube", strength: 0.1, frames: 2 };
    const plain = await toybox.edit(gray, settings);
    const read = await toybox.edit(gray, { ...settings, captions: true });
    expect(read.images[1]!.data).not.toEqual(plain.images[1]!.data);
    const alone = await toybox.edit(gray, { ...settings, captions: true, strength: 0, frames: 1 });
    expectSame(read.images[0]!, alone.images[0]!);
    expect((await toybox.again(read.recipe)).images).toEqual(read.images);
  });

  it.each<[object, RegExp]>([
    [{ to: "a ring", captions: "yes" }, /^captions: expected true or false, got yes/],
    [{ to: "a ring", strength: 2 }, /^strength: expected a number from 0 to 1, got 2/],
    [{ to: "a ring", eta: 1 }, /^edit: there is no setting "eta"; expected /],
    [{ from: "A ring", to: "a ring" }, /^to: says the same as from/],
    [{ to: undefined }, /^to: expected a text, got undefined/],
    [{ to: "a ring", n: 2 }, /./],
  ])("refuses %j", async (settings, message) => {
    const run = unclip.edit(gray, { ...small, ...settings } as never);
    if ("n" in settings) expect((await run).images).toHaveLength(1);
    else await expectRefusal(run, message);
  });
});

describe("components", () => {
  it("paints one picture for each count, the last with all that the others give", async () => {
    const among = [gray, dark, solid(90)];
    const { images, recipe, imageEmbedding } = await unclip.components(gray, { ...small, among });
    expect(recipe).toMatchObject({ counts: [1, 2] });
    expect(images).toHaveLength(2);
    const whole = await unclip.vary(gray, small); // two components hold three embeddings
    const rest = imageEmbedding!.data.slice(-whole.imageEmbedding!.data.length) as Float32Array;
    const seen = whole.imageEmbedding!.data as Float32Array;
    const scale = Math.max(...Array.from(seen, Math.abs));
    expect(largestDifference(rest, seen)).toBeLessThanOrEqual(1e-5 * scale); // float32 rounding
    await expectAgain(recipe, images);
  });

  it("takes the components that the model's autoregressive prior learned", async () => {
    const toybox = await models("toybox");
    const settings = { ...small, decoder: { steps: 2 } };
    const { recipe, imageEmbedding } = await toybox.components(gray, settings);
    expect(recipe).toMatchObject({ counts: [1, 2, 4, 8, 16, 32, 42] });
    expect(recipe).not.toHaveProperty("among");
    const whole = valuesOf((await toybox.vary(gray, settings)).imageEmbedding!);
    const off = Array.from({ length: 7 }, (_, i) => {
      const shown = valuesOf(rows(imageEmbedding!, i, i + 1));
      return Math.hypot(...shown.map((value, d) => value - whole[d]!));
    });
    expect(off).toEqual([...off].sort((a, b) => b - a)); // each component brings it nearer
  });

  it.each<[object, RegExp]>([
    [{}, /^among: .*karlo-tiny has no autoregressive prior, .*; name pictures or captions/],
    [{ among: [gray, dark], eta: 1 }, /^components: there is no setting "eta"; expected /],
    [{ among: [gray] }, /^items: expected at least 2/],
    [{ among: [gray, dark], counts: [2] }, /^counts: expected whole numbers from 1 to 1/],
    [{ among: [gray, dark], counts: [] }, /^counts: expected whole numbers/],
  ])("refuses %#", async (settings, message) => {
    await expectRefusal(unclip.components(gray, { ...small, ...settings } as never), message);
  });
});

describe("compare", () => {
  it("paints the caption as the three ways of generate do", async () => {
    const settings = { ...small, seed: 6 };
    const { images, recipe } = await unclip.compare("a cube", { ...settings, prior: { steps: 2 } });
    const ways = ["none", "text-embedding", { steps: 2 }] as const;
    for (const [i, prior] of ways.entries()) {
      expectSame(images[i]!, (await unclip.generate("a cube", { ...settings, prior })).images[0]!);
    }
    await expectAgain(recipe, images);
  });
});

describe("generate from a picture", () => {
  const settings = { ...small, decoder: { steps: 4 }, prior: { steps: 2 } };
  const [left, all, none] = [half(), fill(255), fill(0)];

  function fill(value: number): Picture {
    return { width: 8, height: 8, data: new Uint8Array(192).fill(value) };
  }
  function half(): Picture {
    return { width: 8, height: 8, data: Uint8Array.from({ length: 192 }, (_, i) => ((i / 3) % 8 < 4 ? 255 : 0)) };
  }

  it("keeps less of it the stronger it is, and runs as many steps as that takes", async () => {
    const steps: string[] = [];
    const run = unclip.generate("a cube", { ...settings, image: gray, strength: 0.5 });
    for await (const { stage, step, steps: of } of run) if (stage === "decoder") steps.push(`${step}/${of}`);
    expect(steps.slice(-2)).toEqual(["1/2", "2/2"]);
    await expectAgain((await run).recipe, (await run).images);
  });

  it("repaints the white of a mask and leaves the black as it was", async () => {
    const { images, recipe } = await unclip.generate("a cube", { ...settings, image: gray, mask: left });
    const size = images[0]!.width;
    const kept = await unclip.generate("a cube", { ...settings, image: gray, mask: none });
    const outside = (_: number, i: number) => Math.floor(i / 3) % size >= size / 2;
    const differences = Array.from(images[0]!.data, (value, i) => Math.abs(value - kept.images[0]!.data[i]!));
    expect(Math.max(...differences.filter(outside))).toBeLessThanOrEqual(1);
    expect(Math.max(...differences.filter((_, i) => !outside(0, i)))).toBeGreaterThan(20);
    await expectAgain(recipe, images);
  });

  it("with a mask that is all white is a generation", async () => {
    const { images } = await unclip.generate("a cube", { ...settings, image: gray, mask: all });
    expectSame(images[0]!, (await unclip.generate("a cube", settings)).images[0]!);
  });

  it.each<[object, RegExp]>([
    [{ strength: 0.5 }, /^strength: there is no image/],
    [{ mask: fill(0) }, /^mask: there is no image/],
    [{ image: gray, strength: 0 }, /^decoder.strength: expected a number above 0 to 1, got 0/],
    [{ image: gray, strength: 0.1 }, /^decoder.strength: 0.1 of 4 steps is less than one step/],
    [{ image: gray, strength: 1.5 }, /^strength: expected a number from 0 to 1/],
    [
      { image: gray, mask: { width: 2, height: 8, data: new Uint8Array(48) } },
      /^mask: is 2 x 8, the image 8 x 8; expected the shape/,
    ],
    [{ image: { width: 1, height: 1, data: new Uint8Array(4) } }, /^image: expected 3 bytes/],
  ])("refuses %#", async (more, message) => {
    await expectRefusal(unclip.generate("a cube", { ...settings, ...more }), message);
  });
});
