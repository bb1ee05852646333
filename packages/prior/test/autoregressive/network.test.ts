import {
  autoregressivePast,
  autoregressivePrefixNetwork,
  autoregressivePriorNetwork,
  dequantisationNetwork,
  emptyAutoregressivePast,
  readAutoregressivePriorConfig,
  type AutoregressivePast,
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
    prefix: runtime.network(autoregressivePrefixNetwork(config, checkpoint), folder),
    transformer: runtime.network(autoregressivePriorNetwork(config, checkpoint), folder),
    dequantisation: runtime.network(dequantisationNetwork(config, checkpoint), folder),
  };
}

describe("autoregressivePriorNetwork", () => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => (opened = await open()));
  afterAll(() => opened.runtime.dispose());
  const fixture = readFixtureTensors("networks/autoregressive-prior.safetensors");

  /** Tokens of rows of the fixture from the one at `start` on: those of their dot products, then those of components. */
  const tokensOf = (rows: readonly number[], start: number, end: number) => {
    const dots = opened.config.dotProductBounds.length + 1;
    const each = rows.map((row) => [
      fixture["dot_product"]!.data[row]!,
      ...rowOf(fixture["tokens"]!, row).data.map((bucket) => dots + bucket),
    ]);
    return integers(
      each.flatMap((tokens) => tokens.slice(start, end)),
      [rows.length, end - start],
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
    return new OrtTensor("int32", Int32Array.from(rows.flat()), [n, length + 1 + count]);
  };
  /** A run after which `count` tokens are known; those that `past` knows are not given again. */
  const run = async (rows: readonly number[], count: number, past: AutoregressivePast, text = textOf(rows)) => {
    const { textEmbedding, textStates, textMask } = text;
    const places = textMask.dims[1]! + 1;
    const start = Math.max(0, past["past.0"]!.dims[3]! - places);
    const { prefix } = await opened.prefix.run({ textEmbedding, textStates });
    const width = prefix!.dims[2]!;
    return opened.transformer.run({
      prefix: past["past.0"]!.dims[3] === 0 ? prefix! : tensor(new Float32Array(), [rows.length, 0, width]),
      tokens: tokensOf(rows, start, count),
      next: integers(
        Array.from({ length: count - start }, (_, i) => start + i),
        [count - start],
      ),
      mask: maskOf(textMask, count),
      ...past,
    });
  };
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
      const freshPlaces = cached["fresh.1"]!.dims[3]!;
      expect(freshPlaces).toBe(k === 0 ? 6 + 1 + 1 : 1);
      const tail = valuesOf(cached["present.1"]!).slice(-freshPlaces * config.headWidth); // of the last head's values
      expect(valuesOf(cached["fresh.1"]!).slice(-tail.length)).toEqual(tail);
      past = autoregressivePast(config, cached);
      for (const [name, known] of Object.entries(autoregressivePast(config, whole))) {
        expectRelative(valuesOf(past[name as "past.0"]!), valuesOf(known), 1e-5);
      }
    }
    expect(Object.keys(past)).toEqual(["past.0", "past.1"]);
    expect(past["past.1"]!.dims).toEqual([2, 2, config.heads, 6 + 1 + config.components, config.headWidth]);
  });

  it("says the same of a caption alone and without its padding", async () => {
    const { config } = opened;
    const text = withoutPadding(textOf([0]));
    expect(text.textStates.dims[1]).toBe(4);
    const first = await run([0], 1, emptyAutoregressivePast(config, 1), text);
    const later = await run([0], 4, autoregressivePast(config, first), text); // three tokens at once
    expectRelative(valuesOf(first["logits"]!), expectedLogits(0, 0), 1e-5);
    expectRelative(valuesOf(later["logits"]!), expectedLogits(0, 3), 1e-5);
  });

  it("does not compute again what it knows: of earlier places it takes keys and values as they are given", async () => {
    const { config } = opened;
    const known = autoregressivePast(config, await run([0], 1, emptyAutoregressivePast(config, 1)));
    const negated = Object.entries(known).map(([name, { data, dims }]) => [
      name,
      tensor(
        (data as Float32Array).map((value) => -value),
        dims,
      ),
    ]);
    const foreign = Object.fromEntries(negated) as AutoregressivePast;
    const [own, other] = [await run([0], 2, known), await run([0], 2, foreign)];
    expectClose(valuesOf(other["present.0"]!).subarray(0, 8), valuesOf(foreign["past.0"]!).subarray(0, 8), {
      maxAbs: 0,
    });
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
