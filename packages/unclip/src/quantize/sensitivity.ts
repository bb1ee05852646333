import { CHOICE, quantizeLayer, tryLayers, type Candidate, type Layer, type LayerScales } from "@unclip/graph";
import type { Directory, Network, Runtime } from "@unclip/runtime/node";
import { checkAborted, nextTask, sizeOf, tensor, type Tensor } from "@unclip/tensor";
import type { Sample, SeenNetwork } from "./observe.js";
import { readWeight } from "./read-weight.js";

/** A layer of a network, and what int8 makes of it. */
export interface MeasuredLayer {
  readonly layer: Layer;
  /** Absent where int8 was not tried, for `reason`. */
  readonly scales?: LayerScales;
  readonly reason?: string;
  /** Relative error of the network's output where this layer alone is int8. */
  readonly error?: number;
}

/** Channels below which a layer gains nothing: ONNX Runtime's kernels take 16 at once. */
const LEAST_CHANNELS = 16;

/** Weights of candidates that are held in one session, which has them inside its graph. */
const MOST_CANDIDATE_BYTES = 2 ** 27;

/** Above that many bytes of weights, or numbers in an input, one run stands for all: such networks take seconds for each. */
const LARGE_BYTES = 2 ** 28;
const LARGE_INPUT = 2 ** 17;

/** Why a layer cannot be int8, whatever it would cost; undefined if it can. */
function reasonAgainst(network: SeenNetwork, layer: Layer): string | undefined {
  const [out, channels] = layer.weight.dims as [number, number];
  const least = Math.min(out, channels);
  if (least < LEAST_CHANNELS) return `has ${least} channels, too few to gain by it`;
  if (out % 4 !== 0 || channels % 4 !== 0) return "has channels in no multiple of 4";
  if (network.rangeOf(layer) === undefined) return "did not run in the calibration";
  return undefined;
}

/** What each layer of a network costs: yields a layer when it is measured.
 * The error is ||y' - y|| / ||y|| of the network's outputs y, over runs of the calibration; of several outputs the largest. */
export async function* measureLayers(
  network: SeenNetwork,
  { folder, runtime, signal }: { folder: Directory; runtime: Runtime; signal: AbortSignal | undefined },
): AsyncGenerator<MeasuredLayer> {
  const samples = samplesOf(network);
  const { graph } = network;
  let chunk: Candidate[] = [];
  let bytes = 0;
  for (const [index, layer] of graph.layers.entries()) {
    const reason = reasonAgainst(network, layer);
    if (reason === undefined) {
      const candidate = await candidateOf(folder, layer, network.rangeOf(layer)!);
      chunk.push(candidate);
      bytes += sizeOf(layer.weight.dims);
    } else yield { layer, reason };
    const isLast = index === graph.layers.length - 1;
    if (chunk.length === 0 || (bytes < MOST_CANDIDATE_BYTES && !isLast)) continue;
    yield* measureChunk(runtime.network(tryLayers(graph, chunk), folder), chunk, samples, signal);
    await runtime.dispose(); // the next session holds other weights
    [chunk, bytes] = [[], 0];
  }
}

/** A layer in int8, with what `tryLayers` needs to try it. */
async function candidateOf(
  folder: Directory,
  layer: Layer,
  range: NonNullable<ReturnType<SeenNetwork["rangeOf"]>>,
): Promise<Candidate> {
  const weight = await readWeight(folder, layer.weight);
  const bias = layer.bias && (await readWeight(folder, layer.bias));
  return { layer, quantized: quantizeLayer(layer, weight, bias, range), ...(bias && { bias }) };
}

/** The runs on which a network's layers are measured: one early and one late, or one in the middle. */
function samplesOf({ samples, graph }: SeenNetwork): readonly Sample[] {
  const sizes = samples.flatMap(({ feeds }) => Object.values(feeds).map(({ dims }) => sizeOf(dims)));
  const isLarge = graph.weightBytes > LARGE_BYTES || Math.max(0, ...sizes) > LARGE_INPUT;
  const [early, middle, late] = [1, 2, 3].map((quarter) => samples[Math.floor((samples.length * quarter) / 4)]);
  const wanted = isLarge ? [middle] : [early, late];
  return [...new Set(wanted)].filter((sample) => sample !== undefined);
}

async function* measureChunk(
  network: Network,
  chunk: readonly Candidate[],
  samples: readonly Sample[],
  signal: AbortSignal | undefined,
): AsyncGenerator<MeasuredLayer> {
  const run = ({ feeds, outputs }: Sample, isInt8: (index: number) => boolean) => {
    const choice = Float32Array.from(chunk, (_, i) => (isInt8(i) ? 1 : 0));
    return network.run({ ...feeds, [CHOICE]: tensor(choice, [chunk.length]) }, outputs);
  };
  const references = [];
  for (const sample of samples) references.push(await run(sample, () => false));
  for (const [index, { layer, quantized }] of chunk.entries()) {
    const errors: number[] = [];
    for (const [i, sample] of samples.entries()) {
      checkAborted(signal, "quantizeModel");
      await nextTask();
      errors.push(relativeError(await run(sample, (other) => other === index), references[i]!));
    }
    const { weight: _, ...scales } = quantized;
    yield { layer, scales, error: rootMeanSquare(errors) };
  }
}

/** ||a - b|| / ||b|| of named tensors; of several the largest. */
export function relativeError(a: Readonly<Record<string, Tensor>>, b: Readonly<Record<string, Tensor>>): number {
  const errors = Object.entries(b).flatMap(([name, { type, data }]) => {
    if (type !== "float32") return [];
    const [left, right] = [a[name]!.data as Float32Array, data as Float32Array];
    let [difference, power] = [0, 0];
    right.forEach((value, i) => {
      difference += (left[i]! - value) ** 2;
      power += value ** 2;
    });
    return [difference === 0 ? 0 : Math.sqrt(difference / power)];
  });
  return Math.max(...errors);
}

export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}
