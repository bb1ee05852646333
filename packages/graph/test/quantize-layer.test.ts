import {
  CHOICE,
  concat,
  conv2d,
  createCheckpoint,
  createGraphBuilder,
  encodeSafetensorsHeader,
  linear,
  observeLayers,
  parseSafetensorsHeader,
  quantizeLayer,
  roundWeights,
  slice,
  tryLayers,
  type Candidate,
  type Graph,
  type Layer,
  type LayerRange,
} from "@unclip/graph";
import { createRandom, sizeOf, tensor, type Tensor } from "@unclip/tensor";
import { InferenceSession } from "onnxruntime-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../../test-support/index.js";

const normal = (seed: number, dims: number[]) => createRandom(seed).normal(dims).data as Float32Array;
const layerOf = (kind: Layer["kind"], dims: number[]) => ({
  kind,
  key: "c.weight",
  weight: { type: "F32" as const, dims, offset: 0, sizeBytes: 4 * sizeOf(dims), file: "weights" },
});
/** Ranges of an input whose channel c reaches `reach(c)` both ways, and of an output that reaches 8. */
const rangeOf = (channels: number, out: number, reach: (channel: number) => number): LayerRange => ({
  inputMin: Float32Array.from({ length: channels }, (_, c) => -reach(c)),
  inputMax: Float32Array.from({ length: channels }, (_, c) => reach(c)),
  inputSquares: Float32Array.from({ length: channels }, (_, c) => (reach(c) / 4) ** 2),
  outputMin: new Float32Array(out).fill(-2),
  outputMax: Float32Array.from({ length: out }, (_, o) => 1 + o),
});

describe("quantizeLayer", () => {
  it.each([
    ["conv", [16, 8, 3, 3]],
    ["linear", [24, 32]],
  ] as const)("rounds each weight of a %s to half a step of its output and channel", (kind, shape) => {
    const dims = [...shape];
    const [out, channels] = dims as [number, number];
    const weight = normal(1, dims).map((value, i) => value * (1 + (Math.floor(i / sizeOf(dims.slice(1))) % 5))); // outputs of other sizes
    const layer = quantizeLayer(
      layerOf(kind, dims),
      weight,
      undefined,
      rangeOf(channels, out, (c) => 1 + c),
    );
    const [perOutput, area] = [sizeOf(dims.slice(1)), sizeOf(dims.slice(2))];
    const used = new Set<number>();
    weight.forEach((value, i) => {
      const [o, c] = [Math.floor(i / perOutput), Math.floor((i % perOutput) / area)];
      const step = layer.weightScale[o]! / layer.inputScale[layer.inputScale.length === 1 ? 0 : c]!;
      expect(Math.abs(layer.weight[i]! * step - value)).toBeLessThanOrEqual(0.5001 * step);
      if (Math.abs(layer.weight[i]!) === 127) used.add(o);
    });
    expect(used.size).toBe(out); // each output uses its whole range
    expect(layer.weightScale).toHaveLength(out);
    expect(roundWeights(weight, dims, layer)).toEqual(layer.weight);
  });

  it("covers what was seen of input and output, and 0 exactly", () => {
    const range = rangeOf(8, 16, (c) => 1 + c);
    const layer = quantizeLayer(layerOf("conv", [16, 8, 3, 3]), normal(1, [16, 8, 3, 3]), undefined, range);
    for (let c = 0; c < 8; c++) {
      const step = layer.inputScale[layer.inputScale.length === 1 ? 0 : c]!;
      expect((0 - layer.inputZeroPoint) * step).toBeLessThanOrEqual(range.inputMin[c]!);
      expect((255 - layer.inputZeroPoint) * step).toBeGreaterThanOrEqual(range.inputMax[c]!);
    }
    for (let o = 0; o < 16; o++) {
      const [step, zero] = [layer.outputScale![o]!, layer.outputZeroPoint![o]!];
      expect((0 - zero) * step).toBeLessThanOrEqual(-2);
      expect((255 - zero) * step).toBeGreaterThanOrEqual(1 + o);
    }
    const dense = quantizeLayer(layerOf("linear", [16, 8]), normal(1, [16, 8]), undefined, range);
    expect(dense).not.toHaveProperty("outputScale"); // its result is float32
  });

  it("gives channels steps of their own where they differ, and one step where they do not", () => {
    const weight = normal(1, [32, 64]);
    const quantized = (reach: (c: number) => number) =>
      quantizeLayer(layerOf("linear", [32, 64]), weight, undefined, rangeOf(64, 32, reach));
    expect(quantized(() => 3).inputScale).toHaveLength(1);
    const outlier = quantized((c) => (c === 7 ? 100 : 1));
    expect(outlier.inputScale).toHaveLength(64);
    expect(outlier.inputScale[7]! / outlier.inputScale[8]!).toBeGreaterThan(5);
  });

  it("stays finite for channels that were always 0, weights of 0, and large biases", () => {
    const silent: LayerRange = {
      inputMin: new Float32Array(4),
      inputMax: new Float32Array(4),
      inputSquares: new Float32Array(4),
      outputMin: new Float32Array(4),
      outputMax: new Float32Array(4),
    };
    const bias = Float32Array.of(0, 1e6, -1e6, 1);
    const layer = quantizeLayer(layerOf("conv", [4, 4, 1, 1]), new Float32Array(16), bias, silent);
    for (const scales of [layer.weightScale, layer.inputScale, layer.outputScale!])
      expect([...scales].every((scale) => scale > 0 && scale < Infinity)).toBe(true);
    bias.forEach((value, o) => expect(Math.abs(value / layer.weightScale[o]!)).toBeLessThan(2 ** 31));
  });

  it("refuses weights that are no numbers, in one sentence", () => {
    const weight = normal(1, [4, 4]);
    weight[3] = NaN;
    expect(() =>
      quantizeLayer(
        layerOf("linear", [4, 4]),
        weight,
        undefined,
        rangeOf(4, 4, () => 1),
      ),
    ).toThrow(/^c\.weight: expected finite numbers to quantise/);
  });
});

describe("a network whose layers are watched and tried", () => {
  const [CHANNELS, OUT] = [16, 32];
  const WEIGHTS = { "c.weight": [CHANNELS, CHANNELS, 3, 3], "c.bias": [CHANNELS], "l.weight": [OUT, CHANNELS] };
  let folder = "";
  let graph: Graph;
  const tensors = Object.values(WEIGHTS).map((dims, i) => normal(i + 1, dims).map((value) => value / 10));
  const x = tensor(normal(9, [2, CHANNELS, 6, 6]), [2, CHANNELS, 6, 6]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantize-"));
    const entries = Object.entries(WEIGHTS).map(([name, dims]) => ({ name, type: "F32" as const, dims }));
    const header = encodeSafetensorsHeader(entries);
    const file = Buffer.concat([header, ...tensors.map((values) => new Uint8Array(values.buffer))]);
    await writeFile(join(folder, "weights"), file);
    const weights = parseSafetensorsHeader(header.subarray(8), file.length, "weights");
    const g = createGraphBuilder({ name: "net", checkpoint: createCheckpoint("net", new Map([["weights", weights]])) });
    const h = conv2d(g, "c", g.input("x", "float", ["N", CHANNELS, 6, 6]), CHANNELS, { kernel: 3, padding: 1 });
    const tokens = g.node("Transpose", [h], "float", ["N", 6, 6, CHANNELS], { attributes: { perm: [0, 2, 3, 1] } });
    const pooled = [0, 3].map((row) =>
      g.node(
        "ReduceMean",
        [slice(g, tokens, 1, row, row + 3), g.constant("int64", [1, 2], [2])],
        "float",
        ["N", CHANNELS],
        {
          attributes: { keepdims: 0 },
        },
      ),
    );
    const halves = pooled.map((half) => linear(g, "l", half, OUT, { bias: false }));
    g.output("y", concat(g, halves, 1));
    graph = g.finish();
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = async ({ bytes }: Graph, feeds: Record<string, Tensor>) => {
    const session = await InferenceSession.create(bytes, {
      extra: { session: { model_external_initializers_file_folder_path: folder } },
    });
    const outputs = await session.run(feeds);
    await session.release();
    return outputs as unknown as Record<string, Tensor>;
  };
  const numbers = (value: Tensor | undefined) => value!.data as Float32Array;

  it("tells the ranges of each layer's channels, and computes what it did", async () => {
    const observed = observeLayers(graph);
    expect(observed.layers).toHaveLength(2);
    const outputs = await run(observed.graph, { x });
    expect(numbers(outputs["y"])).toEqual(numbers((await run(graph, { x }))["y"]));
    const { min, max, squares } = observed.layers[0]!.x;
    const ofChannel = (c: number) => [...numbers(x)].filter((_, i) => Math.floor(i / 36) % CHANNELS === c);
    for (let c = 0; c < CHANNELS; c++) {
      expect(numbers(outputs[min])[c]).toBe(Math.min(...ofChannel(c)));
      expect(numbers(outputs[max])[c]).toBe(Math.max(...ofChannel(c)));
      const mean = ofChannel(c).reduce((sum, value) => sum + value ** 2, 0) / 72;
      expect(numbers(outputs[squares])[c]).toBeCloseTo(mean, 5);
    }
    const ofBoth = numbers(outputs["y"]); // of two pictures, what the second layer makes of either half
    const largest = Array.from({ length: OUT }, (_, o) => Math.max(...[0, 1, 2, 3].map((i) => ofBoth[i * OUT + o]!)));
    expect([...numbers(outputs[observed.layers[1]!.y.max])]).toEqual(largest);
  });

  it("chooses layer by layer between float32, which is exact, and int8, which is near", async () => {
    const { graph: watched, layers } = observeLayers(graph);
    const seen = await run(watched, { x });
    const candidates = graph.layers.map((layer, i): Candidate => {
      const { x: input, y: output } = layers[i]!;
      const range = {
        inputMin: numbers(seen[input.min]),
        inputMax: numbers(seen[input.max]),
        inputSquares: numbers(seen[input.squares]),
        outputMin: numbers(seen[output.min]),
        outputMax: numbers(seen[output.max]),
      };
      const bias = i === 0 ? tensors[1] : undefined;
      return { layer, quantized: quantizeLayer(layer, tensors[i === 0 ? 0 : 2]!, bias, range), ...(bias && { bias }) };
    });
    const tried = tryLayers(graph, candidates);
    const float = numbers((await run(graph, { x }))["y"]);
    const errorOf = async (choice: number[]) => {
      const { y } = await run(tried, { x, [CHOICE]: tensor(Float32Array.from(choice), [2]) });
      const changed = new Set([...numbers(y)].flatMap((value, i) => (value === float[i] ? [] : [Math.floor(i / OUT)])));
      expect(changed.size).toBe(choice.includes(1) ? 4 : 0); // both halves of both pictures, or none
      return largestDifference(numbers(y), float) / Math.max(...float.map(Math.abs));
    };
    expect(await errorOf([0, 0])).toBe(0);
    const [conv, dense, both] = [await errorOf([1, 0]), await errorOf([0, 1]), await errorOf([1, 1])];
    for (const error of [conv, dense, both]) {
      expect(error).toBeGreaterThan(1e-5);
      expect(error).toBeLessThan(0.03); // steps of 1/255 of a range, of inputs, weights and result
    }
    expect(both).not.toBe(conv);
  });
});

it("a safetensors header is what its reader reads, and metadata is kept", () => {
  const tensors = [
    { name: "a", type: "F32" as const, dims: [2, 3] },
    { name: 'odd "name"', type: "I8" as const, dims: [5] },
    { name: "none", type: "U8" as const, dims: [0] },
  ];
  const header = encodeSafetensorsHeader(tensors, { format: "pt" });
  expect(header.length % 8).toBe(0);
  const read = parseSafetensorsHeader(header.subarray(8), header.length + 29, "file");
  expect([...read]).toEqual([
    ["a", { type: "F32", dims: [2, 3], offset: header.length, sizeBytes: 24 }],
    ['odd "name"', { type: "I8", dims: [5], offset: header.length + 24, sizeBytes: 5 }],
    ["none", { type: "U8", dims: [0], offset: header.length + 29, sizeBytes: 0 }],
  ]);
  expect(new TextDecoder().decode(header.subarray(8))).toContain('"__metadata__":{"format":"pt"}');
});
