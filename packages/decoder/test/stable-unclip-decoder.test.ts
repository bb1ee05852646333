import { loadStableUnclipDecoder, type DecoderSpace, type StableUnclipDecoder } from "@unclip/decoder";
import { createRuntime, openModelFolder, type Runtime } from "@unclip/runtime/node";
import { createRandom, filled, tensor, zip, type Tensor, type TextFeatures } from "@unclip/tensor";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  expectRelative,
  fixturePath,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);
const ROUNDING = 2e-5; // float32, another order of sums
const TEXT_LENGTHS = { "stable-unclip-tiny-h": 77, "stable-unclip-tiny-h-b": 20, "stable-unclip-tiny-l": 77 };

async function load(name: string): Promise<{ decoder: StableUnclipDecoder; runtime: Runtime }> {
  const runtime = await createRuntime();
  onTestFinished(() => runtime.dispose());
  const textLength = TEXT_LENGTHS[name as keyof typeof TEXT_LENGTHS];
  return {
    decoder: await loadStableUnclipDecoder(await openModelFolder(fixturePath(name)), runtime, { textLength }),
    runtime,
  };
}

/** Latents as they are, so that what the decoder itself gives can be seen. */
function latents(height: number, width: number): DecoderSpace {
  return {
    kind: "latents",
    size: { width, height },
    shape: (n) => [n, 4, height, width],
    encode: async (pixels) => pixels,
    decode: async (x0) => x0,
    preview: (x0) => x0,
  };
}

/** Features of a caption, of which the decoder sees the states alone. */
const captioned = (textStates: Tensor): TextFeatures => {
  const [n, length, width] = textStates.dims as [number, number, number];
  return { textEmbedding: filled([n, width], 0), textStates, textMask: filled([n, length], 1) };
};

describe.each(Object.keys(TEXT_LENGTHS))("the decoder of %s", (name) => {
  const stages = readFixtureTensors(`${name}.expected/stages.safetensors`);
  const states = toTensor(readFixtureTensors(`networks/${name}/unet.safetensors`)["encoder_hidden_states"]!);

  it("noises an embedding as the reference's variation does, and with one draw", async () => {
    const { decoder } = await load(name);
    const [, expected] = [0, 1].map((row) => toTensor(rowOf(stages["variation/image_condition"]!, row)));
    const width = decoder.embeddingWidth;
    const [random, again] = [createRandom(7), createRandom(7)];
    const embedding = readFixtureTensors(`networks/${name}/image-normalizer.safetensors`)["image_embeds"]!;
    const condition = await decoder.augment(toTensor(rowOf(embedding, 0)), { level: 0, random });
    expect(condition.dims).toEqual([1, 2 * width]);
    const levels = (x: Tensor) => x.data.slice(width) as Float32Array;
    expectRelative(levels(condition), levels(expected!), ROUNDING); // the embedding is another picture's, the level is the same
    again.normal([1, width]);
    expect(random.normal([1, 4, 8, 8]).data).toEqual(again.normal([1, 4, 8, 8]).data);
  });

  it("guides from zeros and the negative caption", async () => {
    const { decoder } = await load(name);
    const input = stages["variation/unet.input"]!;
    const [, , height, width] = input.dims as [number, number, number, number];
    const painter = decoder.at(latents(height, width));
    const xt = toTensor(rowOf(input, 0));
    const imageEmbedding = toTensor(rowOf(stages["variation/image_condition"]!, 1));
    const row = (at: number) =>
      captioned(toTensor(rowOf({ data: states.data as Float32Array, dims: [...states.dims] }, at)));
    const alone = async (condition: object) =>
      (await painter.denoiser({ text: row(0), ...condition }, { guidanceScale: 1 })(xt, 500)).output;
    const guided = await painter.denoiser(
      { imageEmbedding, text: row(0) },
      { negative: { text: row(1) }, guidanceScale: 3 },
    )(xt, 500);
    const seen = await alone({ imageEmbedding });
    const away = await alone({ text: row(1) });
    const expected = zip(away, seen, (from, to) => from + 3 * (to - from));
    expectRelative(guided.output.data, expected.data as Float32Array, ROUNDING);
    expect(guided.type).toBe("v_prediction");
    const zeros = await alone({ imageEmbedding: filled([1, 2 * decoder.embeddingWidth], 0), text: row(1) });
    expectRelative(zeros.data, away.data as Float32Array, ROUNDING);
  });
});

it("refuses what does not fit it", async () => {
  const { decoder } = await load("stable-unclip-tiny-h");
  const random = createRandom(0);
  const width = decoder.embeddingWidth;
  expect(decoder.levels).toBe(1000);
  for (const level of [-1, 1000, 0.5]) {
    await expect(decoder.augment(filled([1, width], 0), { level, random })).rejects.toThrow(
      `noiseLevel: expected a whole number from 0 to 999, got ${level}`,
    );
  }
  await expect(decoder.augment(filled([1, width + 1], 0), { level: 0, random })).rejects.toThrow(
    `decoder.imageEmbedding: expected [1, ${width}], got [1, ${width + 1}]`,
  );
  const painter = decoder.at(latents(8, 8));
  const options = { guidanceScale: 1 };
  expect(() => painter.denoiser({ imageEmbedding: filled([1, 2 * width], 0) }, options)).toThrow(
    "decoder.text: this decoder always attends to a caption; give the features of one, the empty caption for none",
  );
  const text = captioned(filled([1, 77, 40], 0));
  expect(() => painter.denoiser({ imageEmbedding: filled([1, width], 0), text }, options)).toThrow(
    `decoder.imageEmbedding: expected [1, ${2 * width}], got [1, ${width}]; give what augment makes of an image embedding`,
  );
  expect(() => painter.denoiser({ text: captioned(filled([1, 20, 40], 0)) }, options)).toThrow(
    "decoder.textStates: expected [1, 77, 40], got [1, 20, 40]",
  );
});
