import { createRandom, valuesOf } from "@unclip/tensor";
import { withoutPrior, type Prior } from "@unclip/prior";
import { describe, expect, it } from "vitest";
import {
  checkItems,
  embedItems,
  embedItemsInOrder,
  hasCaption,
  type ItemSource,
} from "../../src/manipulations/items.js";
import { refusal } from "../support.js";
import { column, dot, fakeModel, finish, stored, workplaceOf } from "./fake-model.js";

const KEPT = { caption: "kept", imageEmbedding: stored(9).imageEmbedding };

/** A prior that gives a caption its length and what it is led away from, and draws one number for each. */
function countingPrior() {
  const seen: { negative: number[]; drawn: number[] }[] = [];
  const prior: Prior = {
    name: "counting",
    async embed({ textEmbedding }, { negative, random }) {
      const drawn = [...valuesOf(random.normal([textEmbedding.dims[0]!]))];
      seen.push({ negative: [...valuesOf(negative!.textEmbedding)], drawn });
      return textEmbedding;
    },
  };
  return { prior, seen };
}

describe("checkItems", () => {
  it.each([
    [[dot(1)], "items: expected at least 2 pictures or captions, got 1"],
    [undefined, "items: expected at least 2 pictures or captions, got nothing of the kind"],
    ["ab", "items: expected at least 2 pictures or captions, got nothing of the kind"],
    [["a", "b\0"], "caption: holds a NUL character"],
    [["a", 5], "picture: expected a picture"],
    [["a", [dot(1)]], "picture: expected a picture"],
  ])("refuses %j", (items, message) => {
    expect(() => checkItems(items, 2, fakeModel())).toThrow(refusal(message));
  });

  it("takes pictures, captions and what a recipe kept of either", () => {
    const items = [dot(1), "a", stored(1, { pixels: [0, 0, 0] }), KEPT];
    expect(checkItems(items, 2, fakeModel())).toBe(items);
    const blind = fakeModel({ lacks: { imageEncoder: "is blind" } });
    expect(checkItems(["a", KEPT], 2, blind)).toEqual(["a", KEPT]);
    expect(() => checkItems(["a", dot(1)], 2, blind)).toThrow(refusal("fake: is blind"));
  });

  it("tells captions that are still to be embedded from those that are", () => {
    expect(hasCaption([dot(1), KEPT])).toBe(false);
    expect(hasCaption([dot(1), "a", KEPT])).toBe(true);
  });
});

describe("embedItems", () => {
  const items: ItemSource[] = ["abc", dot(255), KEPT, "a", stored(7, { pixels: [0, 0.5, 1] })];

  it("embeds each item in its place, and keeps what gives the same again", async () => {
    const { prior } = countingPrior();
    const { result, stages } = await finish(embedItems(workplaceOf(fakeModel()), items, { prior, negative: "" }));
    expect([...valuesOf(result.imageEmbedding)]).toEqual([3, 255, 9, 1, 7]);
    expect(result.x0.map((x0) => x0 && [...valuesOf(x0)])).toEqual([
      undefined,
      [1, 1, 1],
      undefined,
      undefined,
      [0, 0.5, 1],
    ]);
    expect(stages).toEqual(["clip", "prior"]);
    const again = await finish(embedItems(workplaceOf(fakeModel()), result.stored, { negative: "" }));
    expect(again.result).toEqual(result);
    expect(again.stages).toEqual(["clip"]);
  });

  it("draws for captions from the seed, and leaves the workplace's own numbers as they are", async () => {
    const { prior, seen } = countingPrior();
    for (const items of [["abc"], [dot(1), "abc"]]) {
      await finish(embedItems(workplaceOf(fakeModel(), createRandom(1)), items, { prior, negative: "no", seed: 7 }));
    }
    const drawn = [...valuesOf(createRandom(7).normal([1]))];
    expect(seen).toEqual([
      { negative: [2], drawn },
      { negative: [2], drawn },
    ]);
    await finish(embedItems(workplaceOf(fakeModel(), createRandom(1)), ["abc"], { prior, negative: "no" }));
    expect(seen[2]!.drawn).toEqual([...valuesOf(createRandom(1).normal([1]))]);
  });

  it("leads captions away from the empty one where a negative caption is embedded by itself", async () => {
    const { prior, seen } = countingPrior();
    const model = fakeModel({ stages: { priorNegative: "embedding" } });
    await finish(embedItems(workplaceOf(model), ["abc"], { prior, negative: "no" }));
    expect(seen.map(({ negative }) => negative)).toEqual([[0]]);
  });

  it("refuses a prior that gives no embedding", async () => {
    const work = embedItems(workplaceOf(fakeModel()), ["a"], { prior: withoutPrior, negative: "" });
    await expect(finish(work)).rejects.toThrow(
      refusal("prior.kind: this one gives a caption no image embedding; choose another"),
    );
  });
});

describe("embedItemsInOrder", () => {
  const work = (items: readonly ItemSource[], filled: { prior?: Prior; negative: string }) =>
    finish(embedItemsInOrder(workplaceOf(fakeModel({ stages: { priorNegative: "embedding" } })), items, filled));

  it("embeds one item after another from one stream, the negative caption last, and keeps captions as they are", async () => {
    const { prior, seen } = countingPrior();
    const { result } = await work(["abc", dot(255), "a"], { prior, negative: "no" });
    expect([...valuesOf(result.imageEmbedding)]).toEqual([3, 255, 1]);
    expect(result.negativeEmbedding).toEqual(column(2));
    expect(result.x0.map((x0) => x0?.dims)).toEqual([undefined, [1, 3, 1, 1], undefined]);
    expect(result.stored).toEqual(["abc", stored(255, { pixels: [1, 1, 1] }), "a"]);
    expect(seen.map(({ negative }) => negative)).toEqual([[0], [0], [0]]);
    const random = createRandom(0);
    expect(seen.map(({ drawn }) => drawn)).toEqual([1, 2, 3].map(() => [...valuesOf(random.normal([1]))]));
  });

  it("embeds no negative caption where there is none, or where nothing needs a prior", async () => {
    const { prior, seen } = countingPrior();
    expect((await work(["abc"], { prior, negative: "" })).result).not.toHaveProperty("negativeEmbedding");
    expect(seen.length).toBe(1);
    expect((await work([dot(1)], { negative: "no" })).result).not.toHaveProperty("negativeEmbedding");
  });
});
