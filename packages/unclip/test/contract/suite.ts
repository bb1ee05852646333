import { add } from "@unclip/graph";
import { karloUnet, readKarloDecoderConfig } from "@unclip/decoder";
import { createRuntime, openModelFolder, readCheckpoint, type Network, type Runtime } from "@unclip/runtime";
import { readJson, isUnclipError, map, tensor, type Tensor } from "@unclip/tensor";
import { createRandom, loadUnclip, type Picture } from "unclip";
import { walkTokens } from "./autoregressive.js";
import { encodeAnimation, manipulationCases } from "./manipulations.js";
import { checkOp, graphOf, inputsOf, opCases, type OpCase } from "../../../graph/test/op-cases.js";

/* What every platform must do. The same file runs in Node and, bundled, in a browser, so it knows no test library:
 * a case fails by throwing. */

/** A device, and how its platform reaches the fixtures. */
export interface Platform {
  readonly device: Runtime["device"];
  /** What `openModelFolder` is given for a folder of fixtures/. */
  folder(path: string): string;
  /** The same, of a folder of fixtures/ whose weights are saved by torch. */
  torchFolder(path: string): string;
  /** A PNG file of fixtures/. */
  picture(path: string): Promise<Picture>;
  /** Named arrays of a safetensors file of fixtures/. */
  tensors(path: string): Promise<Record<string, { dims: number[]; data: Float32Array }>>;
}

type Fixture = Awaited<ReturnType<Platform["tensors"]>>;

const VARYING = "stable-unclip-tiny-h-b";

/** The folders whose weights are also there as torch saves them. */
export const TORCH_FOLDERS = [
  "karlo-tiny",
  VARYING,
  "kandinsky-2-2-tiny-decoder",
  "kandinsky-2-2-tiny-prior",
  "kandinsky-2-1-tiny",
  "kandinsky-2-1-tiny-prior",
];

/** The cases of the suite by name. */
export const cases: Readonly<Record<string, (platform: Platform) => Promise<void>>> = {
  "a network gives the reference's numbers": async (platform) => {
    await withDecoder(platform, async (network, fixture) => {
      const { prediction } = await network.run(feedsOf(fixture, 0));
      assertClose(prediction!, predictionOf(fixture, 0));
    });
  },

  "runs that are started together do not disturb each other": async (platform) => {
    await withDecoder(platform, async (network, fixture) => {
      const results = await Promise.all([0, 1, 0].map((row) => network.run(feedsOf(fixture, row))));
      for (const [index, row] of [0, 1, 0].entries())
        assertClose(results[index]!["prediction"]!, predictionOf(fixture, row));
    });
  },

  "a network that was closed opens again": async (platform) => {
    await withDecoder(platform, async (network, fixture, runtime) => {
      await network.run(feedsOf(fixture, 0));
      await runtime.dispose();
      await runtime.dispose();
      assertClose((await network.run(feedsOf(fixture, 1)))["prediction"]!, predictionOf(fixture, 1));
    });
  },

  "an input of another shape is refused by name": async (platform) => {
    await withDecoder(platform, async (network, fixture) => {
      const feeds = { ...feedsOf(fixture, 0), context: tensor(new Float32Array(6), [1, 2, 3]) };
      const error = await network.run(feeds).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert(isUnclipError(error, "session"), `expected an UnclipError "session", got ${String(error)}`);
      assert(String(error).includes("decoder: cannot run"), `the message does not name the network: ${String(error)}`);
    });
  },

  "an output that is kept is fed again, also after its network was closed": async ({ device }) => {
    const runtime = await createRuntime({ device });
    const doubling: OpCase = { inputs: [[2, 3]], build: (g, [x]) => add(g, x!, x!), expected: ([x]) => x! };
    const network = runtime.network(graphOf(doubling).graph, undefined, { keepOutputs: ["y"] });
    const once = (await network.run({ x0: tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]) }))["y"]!;
    assert(once.location === (device === "webgpu" ? "gpu-buffer" : "cpu"), `the output is in ${once.location}`);
    const twice = (await network.run({ x0: once }))["y"]!;
    await runtime.dispose();
    const thrice = (await network.run({ x0: twice }, ["y"]))["y"]!;
    const values = [...(await thrice.getData())];
    assert(values.join() === "8,16,24,32,40,48", `got ${values.join()}`);
    for (const kept of [once, twice, thrice]) kept.dispose();
    await runtime.dispose();
  },

  "float16 is refused where the device has none": async ({ device }) => {
    const error = await createRuntime({ device, arithmetic: "float16" }).then(
      () => undefined,
      (reason: unknown) => String(reason),
    );
    const expected =
      device === "webgpu" ? 'device: "webgpu" works here in float32 alone, not in float16: ' : `got "${device}"`;
    assert(error?.includes(expected) === true, `expected an error with ${expected}, got ${error}`);
  },

  "the autoregressive prior gives the reference's numbers, token after token": walkTokens,

  ...Object.fromEntries(
    Object.entries(opCases).map(([name, test]) => [
      `operator ${name}`,
      async ({ device }: Platform) => {
        const runtime = await runtimeOf(device);
        const feeds = inputsOf(test).map(
          ({ data, dims }, i) => [`x${i}`, tensor(Float32Array.from(data), dims)] as const,
        );
        const { y } = await runtime.network(graphOf(test).graph).run(Object.fromEntries(feeds));
        checkOp(test, { dims: y!.dims, data: y!.data as Float32Array });
      },
    ]),
  ),

  "a caption becomes the reference's picture": async (platform) => {
    const unclip = await loadUnclip(platform.folder("karlo-tiny"), { device: platform.device });
    const { images } = await unclip.generate("a red cube on top of a blue sphere", {
      random: createRandom(7),
      prior: { steps: 5, guidanceScale: 4 },
      decoder: { steps: 5, guidanceScale: 8 },
      upsamplers: [{ steps: 4 }],
    });
    await unclip.dispose();
    const expected = (await platform.tensors("karlo-tiny.expected/stages.safetensors"))["text-to-image/image"]!.data;
    assertSamePicture(
      images[0]!,
      Array.from(expected, (value) => Math.round(value * 255)),
    );
  },

  "pictures become an animated PNG with a recipe": encodeAnimation,
};

/** Cases that WebGPU on a processor is too slow for: it compiles the shaders of five networks in minutes. */
export const longCases: typeof cases = {
  ...manipulationCases,

  "a caption becomes the same picture from weights that torch saved": async (platform) => {
    const paint = async (folder: string) => {
      const unclip = await loadUnclip(folder, { device: platform.device });
      const few = { steps: 2 };
      const { images } = await unclip.generate("a red cube", { seed: 7, prior: few, decoder: few, upsamplers: [few] });
      await unclip.dispose();
      return images[0]!;
    };
    assertEqualPictures(await paint(platform.folder("karlo-tiny")), await paint(platform.torchFolder("karlo-tiny")));
  },

  "a picture becomes the reference's variation, from latents, and the same from weights that torch saved": async (
    platform,
  ) => {
    const expected = `${VARYING}.expected`;
    const picture = await platform.picture(`${expected}/variation.input.png`);
    const paint = async (folder: string) => {
      const unclip = await loadUnclip(folder, { device: platform.device });
      const size = { width: 48, height: 48 };
      const { images } = await unclip.vary(picture, { seed: 7, ...size, decoder: { steps: 5, guidanceScale: 10 } });
      await unclip.dispose();
      return images[0]!;
    };
    const [varied, byTorch] = [await paint(platform.folder(VARYING)), await paint(platform.torchFolder(VARYING))];
    assertSamePicture(varied, (await platform.picture(`${expected}/variation.png`)).data);
    assertEqualPictures(varied, byTorch);
  },

  "a caption becomes Kandinsky 2.2's picture, with a prior beside the decoder": (platform) =>
    paintsNegative(platform, {
      model: "kandinsky-2-2-tiny-decoder",
      expected: "kandinsky-2-2-tiny.expected",
      caption: "a red cube on top of a blue sphere",
      negative: "blurry, dark and small",
    }),

  "a Russian caption becomes Kandinsky 2.1's picture": (platform) =>
    paintsNegative(platform, {
      model: "kandinsky-2-1-tiny",
      expected: "kandinsky-2-1-tiny.expected",
      caption: "красный куб на синем шаре",
      negative: "тёмный, размытый",
    }),
};

/** Paints a caption away from another one, from safetensors and from files of torch. */
async function paintsNegative(
  platform: Platform,
  item: { readonly model: string; readonly expected: string; readonly caption: string; readonly negative: string },
): Promise<void> {
  const [painted, byTorch] = await Promise.all(
    [platform.folder(item.model), platform.torchFolder(item.model)].map(async (folder) => {
      const unclip = await loadUnclip(folder, { device: platform.device });
      const { images } = await unclip.generate(item.caption, {
        negative: item.negative,
        seed: 0,
        width: 64,
        height: 48,
        prior: { steps: 4, guidanceScale: 4 },
        decoder: { steps: 5, guidanceScale: 4 },
      });
      await unclip.dispose();
      return images[0]!;
    }),
  );
  assertSamePicture(painted!, (await platform.picture(`${item.expected}/negative.png`)).data);
  assertEqualPictures(painted!, byTorch!);
}

/** One runtime for all operators: what a device needs to start, it needs once. */
let operators: Promise<Runtime> | undefined;
function runtimeOf(device: Runtime["device"]): Promise<Runtime> {
  operators ??= createRuntime({ device });
  return operators;
}

async function withDecoder(
  platform: Platform,
  work: (network: Network, fixture: Fixture, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const fixture = await platform.tensors("networks/decoder.safetensors");
  const folder = await openModelFolder(platform.folder("karlo-tiny"));
  const config = readKarloDecoderConfig(await readJson(folder, "decoder/config.json"), "decoder/config.json");
  const runtime = await createRuntime({ device: platform.device });
  const graph = karloUnet(config, await readCheckpoint(folder, "decoder"));
  try {
    await work(runtime.network(graph, folder), fixture, runtime);
  } finally {
    await runtime.dispose();
  }
}

/** One row of an array, [1, ...]. */
export function rowOf({ dims, data }: Fixture[string], row: number): Tensor {
  const size = data.length / dims[0]!;
  return tensor(data.slice(row * size, (row + 1) * size), [1, ...dims.slice(1)]);
}

function feedsOf(fixture: Fixture, row: number): Record<string, Tensor> {
  const mask = rowOf(fixture["attention_mask"]!, row);
  return {
    xt: rowOf(fixture["sample"]!, row),
    t: rowOf(fixture["timestep"]!, row),
    timeCondition: rowOf(fixture["class_labels"]!, row),
    context: rowOf(fixture["encoder_hidden_states"]!, row),
    contextBias: map(tensor(mask.data as Float32Array, [1, 1, 1, mask.data.length]), (one) => (1 - one) * -10000),
  };
}

function predictionOf(fixture: Fixture, row: number): ArrayLike<number> {
  const both = rowOf(fixture["output"]!, row).data as Float32Array;
  return both.subarray(0, both.length / 2);
}

/** Within 1e-4 of the largest value: float32, summed in another order. */
export function assertClose(actual: Tensor, expected: ArrayLike<number>): void {
  const values = Array.from(expected);
  const scale = Math.max(...values.map(Math.abs));
  const worst = Math.max(...values.map((value, i) => Math.abs(value - (actual.data as Float32Array)[i]!)));
  assert(
    actual.data.length === values.length && worst <= 1e-4 * scale,
    `largest difference ${worst} at a scale of ${scale}`,
  );
}

/** At most 1/255 off on 99.5 % of the values: random networks amplify rounding.
 * @param expected bytes, red, green and blue of each pixel */
function assertSamePicture({ data }: Picture, expected: ArrayLike<number>): void {
  const off = data.reduce((count, byte, i) => count + (Math.abs(byte - expected[i]!) > 1 ? 1 : 0), 0);
  assert(
    data.length === expected.length && off <= 0.005 * data.length,
    `${off} of ${data.length} values are off by more than 1`,
  );
}

/** The same bytes, from safetensors and from files of torch. */
function assertEqualPictures(picture: Picture, byTorch: Picture): void {
  const isEqual = picture.data.length === byTorch.data.length && picture.data.every((v, i) => v === byTorch.data[i]);
  assert(isEqual, "the picture from files of torch is another");
}

function assert(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}
