import { loadKarloDecoder } from "@unclip/decoder";
import { createRuntime, openModelFolder, type Feeds, type Network, type Runtime } from "@unclip/runtime/node";
import { createRandom, readJson, rows, sliceText, tensor, type Tensor, type TextFeatures } from "@unclip/tensor";
import { expect, it } from "vitest";
import { expectRelative, fixturePath } from "../../../../test-support/index.js";

it("padding is left out where all captions have it, and changes nothing where one of them has", async () => {
  const folder = await openModelFolder(fixturePath("karlo-tiny"));
  const config = await readJson(folder, "text_encoder/config.json");
  const { hidden_size: width, max_position_embeddings: length } = config as Record<string, number>;
  const runtime = await createRuntime();
  const seen: Feeds[] = [];
  const decoder = await loadKarloDecoder(folder, noting(runtime, seen), { text: { length: length!, width: width! } });
  const random = createRandom(1);
  const [xt, imageEmbedding] = [
    random.normal([2, ...decoder.space.shape(1).slice(1)]),
    random.normal([2, decoder.embeddingWidth]),
  ];
  const words = [3, length!]; // tokens that count: a short caption and one of full length
  const text: TextFeatures = {
    textEmbedding: random.normal([2, decoder.embeddingWidth]),
    textStates: random.normal([2, length!, width!]),
    textMask: tensor(
      Float32Array.from(words.flatMap((count) => Array.from({ length: length! }, (_, i) => (i < count ? 1 : 0)))),
      [2, length!],
    ),
  };
  const predict = async (start: number, end: number) => {
    const condition = { imageEmbedding: rows(imageEmbedding, start, end), text: sliceText(text, start, end) };
    const { output } = await decoder.denoiser(condition, { guidanceScale: 1 })(rows(xt, start, end), 500);
    return output;
  };
  const [short, both] = [await predict(0, 1), await predict(0, 2)];
  const tokens = seen.flatMap(({ context }) => (context === undefined ? [] : [(context as Tensor).dims[1]]));
  expect(tokens).toEqual([4 + 3, 4 + length!]); // those of the image embedding come first
  expectRelative(short.data as Float32Array, rows(both, 0, 1).data as Float32Array, 1e-5);
  await runtime.dispose();
});

/** A runtime that notes what its networks are fed. */
function noting(runtime: Runtime, seen: Feeds[]): Runtime {
  const network: Runtime["network"] = (...args): Network => {
    const made = runtime.network(...args);
    const run: Network["run"] = (feeds) => {
      seen.push(feeds);
      return made.run(feeds);
    };
    return { ...made, run };
  };
  return { ...runtime, network };
}
