import { createRandom, filled, textFromPicture, UnclipError, valuesOf, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { start, type LoadedModel, type Operation, type Painted, type Workplace } from "../src/operation.js";
import type { FilledRequest, RunOptions } from "../src/request.js";
import { column, dot, fakeModel } from "./manipulations/fake-model.js";
import { refusal } from "./support.js";

const runtime = { version: "1.0" };
const model = fakeModel({ loaded: { runtime } });

/** An operation that only notes where it works, and gives what it is told. */
function noting(painted: Partial<Painted> = {}, filled: object = {}, warnings: readonly string[] = []) {
  const places: Workplace[] = [];
  const operation: Operation<RunOptions, FilledRequest> = {
    name: "vary",
    fill: () => ({ n: 1, negative: "", ...filled }) as unknown as FilledRequest,
    async *perform(workplace) {
      places.push(workplace);
      warnings.forEach(workplace.warn);
      yield { stage: "decoder", step: 1, steps: 1 };
      return { images: [dot(1)], ...painted };
    },
  };
  return { operation, places };
}

describe("an operation", () => {
  it("gives what was painted, its recipe, its times and no more", async () => {
    const { operation } = noting();
    expect(await start(operation, model, {})).toStrictEqual({
      images: [dot(1)],
      recipe: { operation: "vary", n: 1, negative: "", model: "fake", versions: expect.anything() },
      stages: [],
      warnings: [],
    });
  });

  it("passes on the embedding, the likenesses, and what the recipe says in place of the request", async () => {
    const imageEmbedding = column(1);
    const { operation } = noting(
      { imageEmbedding, similarities: [0.5], recorded: { picture: "kept" } },
      { picture: "new" },
    );
    const generation = await start(operation, model, {});
    expect(generation.imageEmbedding).toBe(imageEmbedding);
    expect(generation.similarities).toEqual([0.5]);
    expect(generation.recipe).toMatchObject({ picture: "kept" });
  });

  it("says each warning once, that of a rounded size first", async () => {
    const sizes = { step: 8, at: () => model.stages.decoder };
    const { operation } = noting({}, {}, ["cut", "cut", "other"]);
    const sized = { ...model, sizes } as unknown as LoadedModel;
    const { warnings } = await start(operation, sized, { width: 7 } as RunOptions);
    expect(warnings).toEqual([expect.stringMatching(/^size: 7 x 1 became 8 x 8/), "cut", "other"]);
  });

  it("is refused of a model that lacks it, but for generate, which knows when that matters", async () => {
    const lacking = { ...model, lacks: { vary: "paints no variations", generate: "needs a mask" } };
    const { operation, places } = noting();
    await expect(Promise.resolve(start(operation, lacking, {}))).rejects.toThrow(refusal("vary: paints no variations"));
    expect(places).toEqual([]);
    await start({ ...operation, name: "generate" }, lacking, {});
    expect(places.length).toBe(1);
  });

  it("draws from the request's stream, else from its seed, else from seed 0", async () => {
    const random = createRandom(9);
    for (const [request, seed, expected] of [
      [{ random }, 7, createRandom(9)],
      [{}, 7, createRandom(7)],
      [{}, "1152921504606846976", createRandom(2n ** 60n)],
      [{}, undefined, createRandom(0)],
    ] as const) {
      const { operation, places } = noting({}, { seed });
      await start(operation, model, request);
      expect(valuesOf(places[0]!.random.normal([4]))).toEqual(valuesOf(expected.normal([4])));
    }
  });

  it("stops at either signal, abortSignal before signal", async () => {
    const [signal, abortSignal] = [new AbortController().signal, AbortSignal.abort()];
    for (const [request, taken] of [
      [{ signal }, signal],
      [{ signal, abortSignal }, abortSignal],
    ] as const) {
      const { operation, places } = noting();
      await start(operation, model, request);
      expect(places[0]!.signal).toBe(taken);
      const running = places[0]!.timeline.run({ name: "decoder", work: async () => 5 }).next();
      if (taken.aborted) await expect(running).rejects.toMatchObject({ code: "aborted" });
      else expect((await running).value).toMatchObject({ stage: "decoder" });
    }
  });

  it("shows a decoder that follows a depth picture the request's, from 0 to 1", async () => {
    const seen: Tensor[] = [];
    const decoder = { name: "beside" };
    const beside = { kind: "depth", at: (_: unknown, { depth }: { depth: Tensor }) => (seen.push(depth), decoder) };
    const deep = { ...model, stages: { ...model.stages, beside } } as unknown as LoadedModel;
    const { operation, places } = noting({}, { depth: textFromPicture(dot(255)) });
    await start(operation, deep, {});
    expect(seen).toEqual([filled([1, 3, 1, 1], 1)]);
    expect(places[0]!.stages.decoder).toBe(decoder);
    expect(places[0]!.stages.textEncoder).toBe(model.stages.textEncoder);
    await start(noting({}, { depth: textFromPicture(dot(0)) }).operation, deep, {});
    expect(seen[1]).toEqual(filled([1, 3, 1, 1], 0));
  });

  it("fails as its request does", async () => {
    const { operation } = noting();
    const failing = {
      ...operation,
      fill() {
        throw new UnclipError("input", "n: expected a number");
      },
    };
    await expect(Promise.resolve(start(failing, model, {}))).rejects.toThrow(refusal("n: expected a number"));
  });
});
