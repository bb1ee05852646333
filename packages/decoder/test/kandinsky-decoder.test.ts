import {
  loadKandinskyDecoder,
  paintedArea,
  pictureAlphaBar,
  type DecoderSpace,
  type KandinskyBeside,
  type KandinskyDecoder,
} from "@unclip/decoder";
import { createRuntime, openModelFolder } from "@unclip/runtime/node";
import { createRandom, filled, rows, splitChannels, tensor, type Tensor } from "@unclip/tensor";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  expectClose,
  expectRelative,
  fixturePath,
  readFixture,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);
const ROUNDING = 2e-5; // float32, another order of sums

async function load(name: string): Promise<KandinskyDecoder> {
  const runtime = await createRuntime();
  onTestFinished(() => runtime.dispose());
  return loadKandinskyDecoder(await openModelFolder(fixturePath(name)), runtime);
}

/** Latents as they are, so that what the decoder itself gives can be seen. */
function latents(height: number, width: number): DecoderSpace {
  return {
    kind: "latents",
    size: { width: 8 * width, height: 8 * height },
    shape: (n) => [n, 4, height, width],
    encode: async (pixels) => pixels,
    decode: async (x0) => x0,
    preview: (x0) => x0,
  };
}

/** Case of an expected.json. */
interface Case {
  name: string;
  kind: string;
  negativeCaptions?: string[];
  priorSteps?: number;
  priorGuidance?: number;
  seed: number;
  steps: number;
  guidance: number;
}

interface Painting {
  readonly item: Case;
  readonly stages: (name: string) => Tensor;
}

const casesOf = (checkpoint: string, kinds: readonly string[]): (readonly [string, Painting])[] => {
  const all = readFixtureTensors(`${checkpoint}.expected/stages.safetensors`);
  const { cases } = readFixture<{ cases: Case[] }>(`${checkpoint}.expected/expected.json`);
  return cases
    .filter(({ kind }) => kinds.includes(kind))
    .map((item) => [item.name, { item, stages: (name) => toTensor(all[`${item.name}/${name}`]!) }]);
};

/** The stream of a case once the prior has drawn: its start, and a draw in each step but the last. */
function streamAfterPrior({ kind, seed, priorSteps = 0, negativeCaptions }: Case, embedding: Tensor) {
  const random = createRandom(BigInt(seed));
  if (kind === "image-variation") return random;
  const [n, width] = embedding.dims as [number, number];
  const count = negativeCaptions ? 2 * n : n; // negative captions go through the prior as well
  for (let draw = 0; draw < priorSteps; draw++) random.normal([count, width]);
  return random;
}

describe.each(["kandinsky-2-2-tiny", "kandinsky-2-2-tiny-b"])("the decoder of %s", (checkpoint) => {
  it.each(casesOf(checkpoint, ["text-to-image", "image-variation"]))(
    "paints the latents of diffusers: %s",
    async (_, { item, stages }) => {
      const decoder = await load(`${checkpoint}-decoder`);
      const imageEmbedding = stages("image_embedding");
      const expected = stages("latents");
      const [, , height, width] = expected.dims as [number, number, number, number];
      const painted = await decoder.at(latents(height, width)).decode(
        { imageEmbedding },
        {
          negative: { imageEmbedding: stages("negative_image_embedding") },
          guidanceScale: item.guidance,
          steps: item.steps,
          random: streamAfterPrior(item, imageEmbedding),
        },
      );
      expectRelative(painted.data, expected.data as Float32Array, 1e-3); // random networks amplify rounding
    },
  );
});

it("takes the picture and the kept area beside the latents", async () => {
  const decoder = await load("kandinsky-2-2-tiny-decoder-inpaint");
  for (const [, { stages }] of casesOf("kandinsky-2-2-tiny", ["inpaint"])) {
    const [xt, beside] = splitChannels(rows(stages("unet.input"), 0, 1), 4);
    const [around, mask] = splitChannels(beside, 4);
    const [, , height, width] = xt.dims as [number, number, number, number];
    const painted = tensor(mask.data.map((value) => 1 - (value as number)) as Float32Array, mask.dims);
    const { denoise, expected } = await firstCall(decoder, latents(height, width), stages, {
      area: { latents: around, painted },
    });
    expectRelative(denoise.output.data, expected, ROUNDING);
  }
});

it("takes a depth picture beside the latents", async () => {
  const decoder = await load("kandinsky-2-2-tiny-b-controlnet-depth");
  const name = "networks/kandinsky-2-2-tiny-b-controlnet-depth/unet.safetensors";
  const fixture = readFixtureTensors(name);
  const at = (key: string) => toTensor(rowOf(fixture[key]!, 1));
  const [, , height, width] = at("sample").dims as [number, number, number, number];
  const painter = decoder.at(latents(height, width), { depth: at("hint") });
  const denoise = painter.denoiser({ imageEmbedding: at("image_embeds") }, { guidanceScale: 1 });
  const { output, variance } = await denoise(at("sample"), fixture["timestep"]!.data[1]!);
  const [prediction, spread] = splitChannels(at("output"), 4);
  expectRelative(output.data, prediction.data as Float32Array, ROUNDING);
  expectRelative(variance!.data, spread.data as Float32Array, ROUNDING);
});

/** The network's first call of a case, without guidance, and what the reference's gave for the conditional row. */
async function firstCall(
  decoder: KandinskyDecoder,
  space: DecoderSpace,
  stages: Painting["stages"],
  beside: KandinskyBeside,
) {
  const input = stages("unet.input");
  const last = input.dims[0]! - 1;
  const [xt] = splitChannels(rows(input, last, last + 1), 4);
  const [t] = decoder.scheduler.timesteps(5);
  const painter = decoder.at(space, beside);
  const denoise = await painter.denoiser({ imageEmbedding: stages("image_embedding") }, { guidanceScale: 1 })(xt, t!);
  const [expected] = splitChannels(rows(stages("unet.output"), last, last + 1), 4);
  return { denoise, expected: expected.data as Float32Array };
}

it("paints anew what the mask's white reaches, and the six cells beside it", () => {
  const mask = new Float32Array(8 * 10);
  mask[2 * 10 + 4] = 0.5; // the upper left pixel of latent (1, 2)
  mask[7 * 10 + 9] = 1; // not the upper left pixel of any
  const area = paintedArea(tensor(mask, [1, 1, 8, 10]), 2);
  expect(area.dims).toEqual([1, 1, 4, 5]);
  expect([...area.data]).toEqual([0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]);
});

it("noises the picture of 2.1's image to image by a schedule of its own", () => {
  // torch: cumprod(1 - linspace(0.0001, 0.02, 1000))[[498, 298, 998]]
  const expected = [0.07938425987958908, 0.39883503317832947, 4.118194192415103e-5];
  expectClose([0.5, 0.3, 1].map(pictureAlphaBar), expected, { maxAbs: 1e-7 });
});

it("refuses what does not fit it", async () => {
  const decoder = await load("kandinsky-2-2-tiny-decoder");
  const width = decoder.embeddingWidth;
  const space = latents(8, 8);
  const painter = decoder.at(space);
  const imageEmbedding = filled([1, width], 0);
  const options = { guidanceScale: 1 };
  const text = { textEmbedding: imageEmbedding, textStates: filled([1, 77, width], 0), textMask: filled([1, 77], 1) };
  expect(() => painter.denoiser({ text }, options)).toThrow(
    "decoder.imageEmbedding: this decoder always sees an image embedding; give one, that of zero pixels for none",
  );
  expect(() => painter.denoiser({ imageEmbedding, text }, options)).toThrow(
    "decoder.text: this decoder sees no captions, only image embeddings; leave it out",
  );
  expect(() => painter.denoiser({ imageEmbedding: filled([1, width + 1], 0) }, options)).toThrow(
    `decoder.imageEmbedding: expected [1, ${width}], got [1, ${width + 1}]; is the prior from this model?`,
  );
  expect(() => decoder.at(space, { depth: filled([1, 3, 64, 64], 0) })).toThrow(
    "decoder: this model takes nothing beside the latents, got a depth picture",
  );
  const depth = await load("kandinsky-2-2-tiny-b-controlnet-depth");
  const bare = depth.at(space);
  const seen = { imageEmbedding: filled([1, depth.embeddingWidth], 0) };
  expect(() => bare.denoiser(seen, options)).toThrow("decoder: this model takes a depth picture; give it");
  expect(() => depth.at(space, { depth: filled([1, 3, 32, 64], 0) })).toThrow(
    "decoder.depth: expected [1, 3, 64, 64], got [1, 3, 32, 64]; resize it to the size of the pictures",
  );
  const inpaint = await load("kandinsky-2-2-tiny-decoder-inpaint");
  expect(() => inpaint.at(space).denoiser({ imageEmbedding }, options)).toThrow(
    "decoder: this model takes a picture and the area of it that is painted anew; give it",
  );
  const area = { latents: filled([1, 4, 8, 8], 0), painted: filled([1, 1, 8, 7], 0) };
  expect(() => inpaint.at(space, { area })).toThrow("decoder.area.painted: expected [1, 1, 8, 8], got [1, 1, 8, 7]");
});

it("refuses captions that are not those of 2.1's own text encoder", async () => {
  const decoder = await load("kandinsky-2-1-tiny");
  const { embeddingWidth: width } = decoder;
  const imageEmbedding = filled([1, width], 0);
  const painter = decoder.at(latents(8, 8));
  const options = { guidanceScale: 1 };
  expect(() => painter.denoiser({ imageEmbedding }, options)).toThrow(
    "decoder.text: this decoder always attends to a caption; give the features of one, the empty caption for none",
  );
  const text = { textEmbedding: imageEmbedding, textStates: filled([1, 77, width], 0), textMask: filled([1, 77], 1) };
  expect(() => painter.denoiser({ imageEmbedding, text }, options)).toThrow(
    `decoder.textStates: expected [1, 77, 32], got [1, 77, ${width}]; are they from the text encoder beside this decoder?`,
  );
});
