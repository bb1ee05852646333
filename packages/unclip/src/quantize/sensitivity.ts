import {
  CHOICE,
  layerScales,
  quantizeLayer,
  tryLayers,
  type Candidate,
  type Layer,
  type LayerRange,
  type LayerScales,
} from "@unclip/graph";
import type { Directory, Network, Runtime } from "@unclip/runtime/node";
import { checkAborted, nextTask, sizeOf, tensor, type Tensor } from "@unclip/tensor";
import { observingRuntime, type Sample, type SeenNetwork } from "./observe.js";
import { readWeight } from "./read-weight.js";
import { smallerRuns, type Runs } from "./smaller-runs.js";

/** A layer of a network, and what int8 makes of it. */
export interface MeasuredLayer {
  readonly layer: Layer;
  /** Absent where int8 was not tried, for `reason`. */
  readonly scales?: LayerScales;
  readonly reason?: string;
  /** Relative error of the network's output where this layer alone is int8; absent where that was not tried. */
  readonly error?: number;
}

/** What layers are read and run with. */
interface Place {
  readonly folder: Directory;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
}

/** Channels below which a layer gains nothing: ONNX Runtime's kernels take 16 at once. */
const LEAST_CHANNELS = 16;

/** Weights of candidates that are held in one session, which has them inside its graph. */
const MOST_CANDIDATE_BYTES = 2 ** 27;

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
 * The error is ||y' - y|| / ||y|| of the network's outputs y, over runs of the calibration, made smaller where
 * they are large; of several outputs the largest. */
export async function* measureLayers(
  network: SeenNetwork,
  { folder, runtime, signal }: Place,
): AsyncGenerator<MeasuredLayer> {
  const { graph } = network;
  const runs = smallerRuns(network);
  const trialRange = runs.graph === graph ? network.rangeOf : await widerRanges(network, runs, { folder, runtime });
  let chunk: Trial[] = [];
  let bytes = 0;
  for (const [index, layer] of graph.layers.entries()) {
    const reason = reasonAgainst(network, layer);
    if (reason === undefined) {
      const read = await readLayer(folder, layer);
      const scales = scalesOf(read, network.rangeOf(layer)!);
      const candidate = candidateOf(read, runs.graph.layers[index]!, trialRange(layer)!);
      chunk.push({ layer, scales, candidate });
      bytes += sizeOf(layer.weight.dims);
    } else yield { layer, reason };
    const isLast = index === graph.layers.length - 1;
    if (chunk.length === 0 || (bytes < MOST_CANDIDATE_BYTES && !isLast)) continue;
    const candidates = chunk.map(({ candidate }) => candidate);
    yield* measureChunk(runtime.network(tryLayers(runs.graph, candidates), folder), chunk, runs.samples, signal);
    await runtime.dispose(); // the next session holds other weights
    [chunk, bytes] = [[], 0];
  }
}

/** A layer, its steps in int8, and those with which it is tried. */
interface Trial {
  readonly layer: Layer;
  readonly scales: LayerScales;
  readonly candidate: Candidate;
}

/** Every layer in int8 that can be, without a word of what it costs. */
export async function* roundLayers(network: SeenNetwork, { folder, signal }: Place): AsyncGenerator<MeasuredLayer> {
  for (const layer of network.graph.layers) {
    checkAborted(signal, "quantizeModel");
    await nextTask();
    const reason = reasonAgainst(network, layer);
    if (reason !== undefined) yield { layer, reason };
    else yield { layer, scales: scalesOf(await readLayer(folder, layer), network.rangeOf(layer)!) };
  }
}

/** What was seen of a layer in the calibration and in smaller runs together: group norms of a part of a picture give larger numbers here and there,
 * which int8 would cut off. */
async function widerRanges(
  network: SeenNetwork,
  { graph, samples }: Runs,
  { folder, runtime }: Pick<Place, "folder" | "runtime">,
): Promise<SeenNetwork["rangeOf"]> {
  const observing = observingRuntime(runtime);
  const smaller = observing.runtime.network(graph, folder);
  for (const { feeds, outputs } of samples) await smaller.run(feeds, outputs);
  await runtime.dispose();
  const join = (a: Float32Array, b: Float32Array, of: (a: number, b: number) => number) =>
    a.map((value, i) => of(value, b[i]!));
  return (layer) => {
    const [a, b] = [
      network.rangeOf(layer),
      observing.networks[0]!.rangeOf(graph.layers[network.graph.layers.indexOf(layer)]!),
    ];
    if (a === undefined || b === undefined) return undefined;
    return {
      inputMin: join(a.inputMin, b.inputMin, Math.min),
      inputMax: join(a.inputMax, b.inputMax, Math.max),
      inputSquares: a.inputSquares,
      outputMin: join(a.outputMin, b.outputMin, Math.min),
      outputMax: join(a.outputMax, b.outputMax, Math.max),
    };
  };
}

/** A layer with its numbers. */
interface ReadLayer {
  readonly layer: Layer;
  readonly weight: Float32Array;
  readonly bias: Float32Array | undefined;
}

async function readLayer(folder: Directory, layer: Layer): Promise<ReadLayer> {
  const weight = await readWeight(folder, layer.weight);
  return { layer, weight, bias: layer.bias && (await readWeight(folder, layer.bias)) };
}

function scalesOf({ layer, weight, bias }: ReadLayer, range: LayerRange): LayerScales {
  return layerScales(layer, weight, bias, range);
}

/** What `tryLayers` needs to try a layer of a graph. */
function candidateOf({ weight, bias }: ReadLayer, layer: Layer, range: LayerRange): Candidate {
  return { layer, quantized: quantizeLayer(layer, weight, bias, range), ...(bias && { bias }) };
}

async function* measureChunk(
  network: Network,
  chunk: readonly Trial[],
  samples: readonly Sample[],
  signal: AbortSignal | undefined,
): AsyncGenerator<MeasuredLayer> {
  const run = ({ feeds, outputs }: Sample, isInt8: (index: number) => boolean) => {
    const choice = Float32Array.from(chunk, (_, i) => (isInt8(i) ? 1 : 0));
    return network.run({ ...feeds, [CHOICE]: tensor(choice, [chunk.length]) }, outputs);
  };
  const references = [];
  for (const sample of samples) references.push(await run(sample, () => false));
  for (const [index, { layer, scales }] of chunk.entries()) {
    const errors: number[] = [];
    for (const [i, sample] of samples.entries()) {
      checkAborted(signal, "quantizeModel");
      await nextTask();
      errors.push(relativeError(await run(sample, (other) => other === index), references[i]!));
    }
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
