import { valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { checkPictures, look } from "../../src/manipulations/subject.js";
import { refusal } from "../support.js";
import { dot, fakeModel, finish, stored, workplaceOf } from "./fake-model.js";

const BLIND = { lacks: { imageEncoder: "has no image_encoder" } };

describe("checkPictures", () => {
  it.each([[[]], [undefined], [dot(1)], ["a"]])("refuses %j", (pictures) => {
    expect(() => checkPictures(pictures, fakeModel())).toThrow(refusal("picture: expected one or more, got none"));
  });

  it("refuses what is no picture", () => {
    expect(() => checkPictures([dot(1), "a"], fakeModel())).toThrow(refusal(/^picture: expected a picture/));
    expect(() => checkPictures([dot(1), null], fakeModel())).toThrow(refusal(/^picture: expected a picture/));
  });

  it("needs eyes for pictures, and none for what a recipe kept of them", () => {
    const kept = stored(1, { pixels: [0, 0, 0] });
    expect(checkPictures([kept, kept], fakeModel(BLIND))).toEqual([kept, kept]);
    expect(() => checkPictures([kept, dot(1)], fakeModel(BLIND))).toThrow(refusal("fake: has no image_encoder"));
  });

  it("wants the pixels of a decoder of pixels, and latents only where they are kept", () => {
    expect(() => checkPictures([stored(1)], fakeModel())).toThrow(
      refusal(/^picture.pixels: expected float32 values \[N, 3, 1, 1\] in base64, got something else/),
    );
    expect(() => checkPictures([stored(1)], fakeModel({ space: "latents" }))).not.toThrow();
    expect(() => checkPictures([stored(1, { latents: [1, 2] })], fakeModel({ space: "latents" }))).toThrow(
      refusal(/^picture.latents: expected .* got 8 bytes/),
    );
    expect(() => checkPictures([{ imageEmbedding: "AAAA" }], fakeModel({ space: "latents" }))).toThrow(
      refusal(/^picture.imageEmbedding: expected float32 values \[N, 1\] in base64, got 3 bytes/),
    );
  });
});

describe("look", () => {
  const see = async (model: ReturnType<typeof fakeModel>, ...args: [Parameters<typeof look>[1], { x0?: boolean }?]) => {
    const { result, stages } = await finish(look(workplaceOf(model), ...args));
    expect(stages).toEqual(["clip"]);
    const { imageEmbedding, x0, stored: kept } = result;
    return { z: [...valuesOf(imageEmbedding)], x0: x0 && [...valuesOf(x0)], kept };
  };

  it("gives the embeddings and the pixels of pictures, new ones and kept ones, in order", async () => {
    const kept = stored(7, { pixels: [0.25, 0.5, 1] });
    const seen = await see(fakeModel(), [dot(255), kept]);
    expect(seen).toEqual({
      z: [255, 7],
      x0: [1, 1, 1, 0.25, 0.5, 1],
      kept: [stored(255, { pixels: [1, 1, 1] }), kept],
    });
  });

  it("makes latents only where they are needed", async () => {
    const model = fakeModel({ space: "latents" });
    expect(await see(model, [dot(255)])).toEqual({ z: [255], x0: undefined, kept: [stored(255)] });
    const needed = { z: [255], x0: [1], kept: [stored(255, { latents: [1] })] };
    expect(await see(model, [dot(255)], { x0: true })).toEqual(needed);
    expect(await see(model, needed.kept)).toEqual(needed); // what is kept costs nothing
  });

  it("refuses a recipe that kept no latents where they are needed", async () => {
    const work = look(workplaceOf(fakeModel({ space: "latents" })), [stored(1)], { x0: true });
    await expect(finish(work)).rejects.toThrow(refusal(/^picture.latents: expected .* got something else/));
  });
});
