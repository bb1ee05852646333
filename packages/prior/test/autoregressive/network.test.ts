import {
  autoregressivePriorNetwork,
  dequantisationNetwork,
  emptyAutoregressivePast,
  readAutoregressivePriorConfig,
} from "@unclip/prior";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { readJson, tensor, valuesOf, withoutPadding, type Tensor } from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  expectClose,
  expectRelative,
  fixturePath,
  readFixtureTensors,
  rowOf,
  type FixtureTensor,
} from "../../../../test-support/index.js";

const COMPONENT = "prior_autoregressive";
const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);
const integers = (values: ArrayLike<number>, dims: readonly number[]) =>
  new OrtTensor("int64", BigInt64Array.from(Array.from(values), BigInt), dims);

async function open() {
  const folder = await openModelFolder(fixturePath("autoregressive-tiny"));
  const json = await readJson(folder, `${COMPONENT}/config.json`);
  const [config, checkpoint] = [
    readAutoregressivePriorConfig(json, "config.json"),
    await readCheckpoint(folder, COMPONENT),
  ];
  const runtime = await createRuntime();
  return {
    config,
    checkpoint,
    runtime,
    transformer: runtime.network(autoregressivePriorNetwork(config, checkpoint), folder),
    dequantisation: runtime.network(dequantisationNetwork(config, checkpoint), folder),
  };
}

describe("autoregressivePriorNetwork", () => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => (opened = await open()));
  afterAll(() => opened.runtime.dispose());
  const fixture = readFixtureTensors("networks/autoregressive-prior.safetensors");

  /** The first `count` tokens of rows of the fixture: those of their dot products, then those of components. */
  const tokensOf = (rows: readonly number[], count: number) => {
    const dots = opened.config.dotProductBounds.length + 1;
    const each = rows.map((row) => [
      fixture["dot_product"]!.data[row]!,
      ...rowOf(fixture["tokens"]!, row).data.map((bucket) => dots + bucket),
    ]);
    return integers(
      each.flatMap((tokens) => tokens.slice(0, count)),
      [rows.length, count],
    );
  };
  const textOf = (rows: readonly number[]) => {
    const part = (name: string) => {
      const parts = rows.map((row) => rowOf(fixture[name]!, row));
      const data = Float32Array.from(parts.flatMap(({ data: values }) => Array.from(values)));
      return tensor(data, [rows.length, ...parts[0]!.dims.slice(1)]);
    };
    return {
      textEmbedding: part("text_embedding"),
      textStates: part("text_states"),
      textMask: part("text_mask"),
    };
  };
  const maskOf = (textMask: Tensor, count: number) => {
    const [n, length] = textMask.dims as [number, number];
    const rows = Array.from({ length: n }, (_, row) => [
      ...valuesOf(textMask).subarray(row * length, (row + 1) * length),
      ...Array<number>(1 + count).fill(1),
    ]);
    return tensor(Float32Array.from(rows.flat()), [n, length + 1 + count]);
  };
  const run = (rows: readonly number[], count: number, past: Tensor, text = textOf(rows)) =>
    opened.transformer.run({
      textEmbedding: text.textEmbedding,
      textStates: text.textStates,
      tokens: tokensOf(rows, count),
      mask: maskOf(text.textMask, count),
      past,
    });
  const expectedLogits = (row: number, k: number) => {
    const { buckets } = opened.config;
    return rowOf(fixture["logits"]!, row).data.subarray(k * buckets, (k + 1) * buckets);
  };

  it("agrees with the network in PyTorch at every component, with and without what it knows already", async () => {
    const { config } = opened;
    let past = emptyAutoregressivePast(config, 2);
    for (let k = 0; k < config.components; k++) {
      const cached = await run([0, 1], k + 1, past);
      const whole = await run([0, 1], k + 1, emptyAutoregressivePast(config, 2));
      for (const row of [0, 1]) {
        const at = (x: Tensor) => valuesOf(x).subarray(row * config.buckets, (row + 1) * config.buckets);
        expectRelative(at(whole["logits"]!), expectedLogits(row, k), 1e-5); // float32, another order of sums
        expectRelative(at(cached["logits"]!), expectedLogits(row, k), 1e-5);
      }
      expectRelative(valuesOf(cached["present"]!), valuesOf(whole["present"]!), 1e-5);
      past = cached["present"]!;
    }
    expect(past.dims).toEqual([2 * config.layers, 2, 6 + 1 + config.components, config.heads * config.headWidth]);
  });

  it("says the same of a caption alone and without its padding", async () => {
    const { config } = opened;
    const text = withoutPadding(textOf([0]));
    expect(text.textStates.dims[1]).toBe(4);
    const first = await run([0], 1, emptyAutoregressivePast(config, 1), text);
    const later = await run([0], 4, first["present"]!, text); // three tokens at once
    expectRelative(valuesOf(first["logits"]!), expectedLogits(0, 0), 1e-5);
    expectRelative(valuesOf(later["logits"]!), expectedLogits(0, 3), 1e-5);
  });

  it("does not compute again what it knows: of earlier places it takes keys and values as they are given", async () => {
    const { config } = opened;
    const { present } = await run([0], 1, emptyAutoregressivePast(config, 1));
    const foreign = tensor(
      valuesOf(present!).map((value) => -value),
      present!.dims,
    );
    const [own, other] = [await run([0], 2, present!), await run([0], 2, foreign)];
    expectClose(valuesOf(other["present"]!).subarray(0, 8), valuesOf(foreign).subarray(0, 8), { maxAbs: 0 });
    const difference = valuesOf(own["logits"]!).map((value, i) => Math.abs(value - valuesOf(other["logits"]!)[i]!));
    expect(Math.max(...difference)).toBeGreaterThan(0.01);
  });

  it("leads from tokens back to the embedding", async () => {
    const { config, dequantisation } = opened;
    const { data, dims } = fixture["tokens"]!;
    const { imageEmbedding } = await dequantisation.run({ tokens: integers(data, dims) });
    expect(imageEmbedding!.dims).toEqual([2, config.embeddingWidth]);
    expectRelative(valuesOf(imageEmbedding!), toTensor(fixture["image_embedding"]!).data as Float32Array, 1e-6);
  });

  it("is refused when the checkpoint is another model's, with the differences", () => {
    const { config, checkpoint } = opened;
    expect(() => autoregressivePriorNetwork({ ...config, layers: config.layers + 1 }, checkpoint)).toThrow(
      /prior_autoregressive: the weights do not fit config.json \(16 missing: blocks\.2\.attention_norm\.weight/,
    );
    expect(() => autoregressivePriorNetwork({ ...config, layers: config.layers - 1 }, checkpoint)).toThrow(
      /16 extra: blocks\.1/,
    );
    expect(() => dequantisationNetwork({ ...config, buckets: 6 }, checkpoint)).toThrow(
      /1 wrongly shaped: bucket_values: expected \[7, 6\], got \[7, 5\]/,
    );
  });
});
