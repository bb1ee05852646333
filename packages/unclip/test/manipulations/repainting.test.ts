import { addNoise, alphaBar, planSampling } from "@unclip/sampler";
import { createRandom, filled, tensor, textFromTensor, valuesOf, type Picture, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { fillImage, startFromImage, type FilledImage } from "../../src/manipulations/repainting.js";
import type { PictureStart } from "../../src/stages.js";
import { refusal } from "../support.js";
import { dot, fakeModel, type FakeModel } from "./fake-model.js";

const PIXELS = textFromTensor(tensor(Float32Array.of(-1, 0, 1), [1, 3, 1, 1]));
const wide: Picture = { width: 2, height: 1, data: new Uint8Array(6) };

/** A model that begins from pictures as Kandinsky does. */
function starting(pictureStart: Partial<PictureStart>, more: object = {}): FakeModel {
  const painted = (whites: Tensor) =>
    tensor(
      Float32Array.from(valuesOf(whites), (w) => (w >= 0.5 ? 1 : 0)),
      [1, 1, 1, 1],
    );
  return { stages: { pictureStart: { strength: 0.3, painted, pastes: true, ...pictureStart }, ...more } };
}

describe("fillImage", () => {
  it("needs no picture where nothing is about one", () => {
    expect(fillImage({}, fakeModel())).toEqual({});
    expect(() => fillImage({ strength: 1 }, fakeModel())).toThrow(
      refusal("strength: there is no image that it could be about; give one"),
    );
    expect(() => fillImage({ mask: dot(1) }, fakeModel())).toThrow(
      refusal("mask: there is no image that it could be about; give one"),
    );
  });

  it.each<[string, object, FakeModel, number]>([
    ["0.6", {}, {}, 0.6],
    ["what the family takes", {}, starting({}), 0.3],
    ["1 with a mask", { mask: dot(255) }, starting({}), 1],
    ["what is asked for", { strength: 0.2, mask: dot(255) }, {}, 0.2],
  ])("has a strength of %s", (_, settings, model, strength) => {
    const image = dot(1);
    expect(fillImage({ image, ...settings }, fakeModel(model))).toStrictEqual({
      image,
      strength,
      ...("mask" in settings && { mask: settings.mask }),
    });
  });

  it.each<[object, string]>([
    [{ strength: 1.1 }, "strength: expected a number from 0 to 1, got 1.1"],
    [{ strength: -0.1 }, "strength: expected a number from 0 to 1, got -0.1"],
    [{ image: { ...dot(1), width: 2 } }, "image: expected 6 bytes for 2 x 1 RGB pixels, got 3"],
    [{ image: "AAAA" }, "image: expected float32 values [N, 3, 1, 1] in base64, got 3 bytes"],
    [{ mask: { ...dot(1), width: 2 } }, "mask: expected 6 bytes for 2 x 1 RGB pixels, got 3"],
    [{ mask: wide }, "mask: is 2 x 1, the image 1 x 1; expected the shape of the image"],
    [{ mask: "AAAA" }, "mask: expected float32 values [N, 3, 1, 1] in base64, got 3 bytes"],
  ])("refuses %j", (settings, message) => {
    expect(() => fillImage({ image: dot(1), ...settings }, fakeModel())).toThrow(refusal(message));
  });

  it("takes a mask of another size and the same shape, and any beside what a recipe kept", () => {
    const large: Picture = { width: 3, height: 3, data: new Uint8Array(27) };
    expect(() => fillImage({ image: dot(1), mask: large }, fakeModel())).not.toThrow();
    expect(() => fillImage({ image: PIXELS, mask: wide }, fakeModel())).not.toThrow();
    expect(() => fillImage({ image: wide, mask: PIXELS }, fakeModel())).not.toThrow();
  });

  it("is refused by a model that begins from no picture, or paints into no mask", () => {
    const model = fakeModel({ lacks: { image: "give a mask as well" } });
    expect(() => fillImage({ image: dot(1) }, model)).toThrow(refusal("image: give a mask as well"));
    expect(() => fillImage({ image: dot(1), mask: dot(1) }, model)).not.toThrow();
    const unmasked = fakeModel({ lacks: { mask: "knows no masks" } });
    expect(() => fillImage({ image: dot(1), mask: dot(1) }, unmasked)).toThrow(refusal("mask: knows no masks"));
  });
});

describe("startFromImage", () => {
  const plan = planSampling(fakeModel().stages.decoder.scheduler, "decoder", { steps: 10 });
  const noise = () => createRandom(5).normal([2, 3, 1, 1]);
  const x0 = tensor(Float32Array.of(-1, 0, 1, -1, 0, 1), [2, 3, 1, 1]);

  async function begin(image: FilledImage, model: FakeModel = {}) {
    const { stages } = fakeModel(model);
    const from = await startFromImage(image, { stages, pictures: 2, random: createRandom(5) });
    return { from: from!, started: from?.startOf(plan) };
  }

  it("is nothing without a picture", async () => {
    expect((await begin({})).from).toBe(undefined);
  });

  it("noises the picture to the step at which the rest begins, the same picture for all", async () => {
    const { from, started } = await begin({ image: PIXELS, strength: 0.5 });
    expect(started).toMatchObject({ skippedSteps: 5, start: "sample", sampler: plan.sampler });
    expect(started!.timesteps).toEqual(plan.timesteps.slice(5));
    const bar = alphaBar(plan.schedule, plan.timesteps[5]!);
    expect(started!.xT).toEqual(addNoise(x0, noise(), bar));
    expect(from.recorded).toStrictEqual({ image: PIXELS });
    expect(from).not.toHaveProperty("decoder");
  });

  it("begins at strength 1 with noise alone, unless the family keeps a trace of the picture", async () => {
    const whole = await begin({ image: PIXELS, strength: 1 });
    expect(whole.started!.xT).toEqual(noise());
    expect(whole.started!.timesteps).toEqual(plan.timesteps);
    const traced = await begin({ image: PIXELS, strength: 1 }, starting({}));
    expect(traced.started!.xT).toEqual(addNoise(x0, noise(), alphaBar(plan.schedule, plan.timesteps[0]!)));
    const masked = await begin({ image: PIXELS, strength: 1, mask: dot(255) }, starting({}));
    expect(masked.started!.xT).toEqual(noise());
  });

  it("noises as the family says", async () => {
    const { started } = await begin(
      { image: PIXELS, strength: 0.5 },
      starting({ alphaBar: (strength) => strength / 2 }),
    );
    expect(started!.xT).toEqual(addNoise(x0, noise(), 0.25));
    expect(started!.timesteps).toEqual(plan.timesteps.slice(5));
  });

  it("repaints what is nearer to white, and records the mask at the decoder's size", async () => {
    for (const [value, kept] of [
      [255, 1],
      [0, -1],
    ] as const) {
      const { from, started } = await begin({ image: PIXELS, strength: 1, mask: dot(value) });
      expect(started!.sampler === plan.sampler).toBe(value === 255); // where all is painted anew, nothing is put back
      expect(from.recorded.mask).toBe(textFromTensor(filled([1, 3, 1, 1], kept)));
      const again = await begin({ image: PIXELS, strength: 1, mask: from.recorded.mask! });
      expect(again.from.recorded).toEqual(from.recorded);
    }
  });

  it.each([
    [[255, 255, 255], 1],
    [[255, 0, 0], -1], // red and blue are dark, green is bright
    [[0, 255, 0], 1],
    [[0, 0, 255], -1],
    [[255, 0, 255], -1],
    [[128, 128, 128], 1],
    [[127, 127, 127], -1],
  ])("weighs the colours %j of a mask as Pillow does, where the family says what is painted", async (rgb, painted) => {
    const mask = { width: 1, height: 1, data: Uint8Array.from(rgb) };
    const { from } = await begin({ image: PIXELS, strength: 1, mask }, starting({}));
    expect(from.recorded.mask).toBe(textFromTensor(filled([1, 3, 1, 1], painted)));
  });

  it("lets a network that sees the picture see it, which then needs no pasting unless the family pastes", async () => {
    const seen: object[] = [];
    const at = (space: unknown, beside: object) => {
      seen.push(beside);
      return { space };
    };
    const model = (pastes: boolean) => starting({ pastes }, { beside: { kind: "mask", at } });
    const { from, started } = await begin({ image: PIXELS, strength: 1, mask: dot(0) }, model(false));
    const latents = tensor(Float32Array.of(-1, 0, 1), [1, 3, 1, 1]);
    expect(seen).toEqual([{ area: { latents, painted: filled([1, 1, 1, 1], 0) } }]);
    expect(from.decoder).toEqual({ space: expect.objectContaining({ kind: "pixels" }) });
    expect(started!.sampler).toBe(plan.sampler);
    const pasted = await begin({ image: PIXELS, strength: 1, mask: dot(0) }, model(true));
    expect(pasted.started!.sampler).not.toBe(plan.sampler);
    expect((await begin({ image: PIXELS, strength: 0.5 }, model(true))).from).not.toHaveProperty("decoder");
  });
});
