import { quote, sizeOf, UnclipError } from "@unclip/tensor";
import type { Layer } from "./builder.js";

/* How a layer becomes int8. What the integers mean is told in int8.ts. */

/** What was seen of a layer while its network ran, for each channel of its input, and for each of its outputs. */
export interface LayerRange {
  readonly inputMin: Float32Array;
  readonly inputMax: Float32Array;
  /** Mean of the squares. */
  readonly inputSquares: Float32Array;
  readonly outputMin: Float32Array;
  readonly outputMax: Float32Array;
}

/** The steps of a layer in int8. */
export interface LayerScales {
  /** u: [out]. */
  readonly weightScale: Float32Array;
  /** s: [1], or [in] where every channel has its own. */
  readonly inputScale: Float32Array;
  /** z, from 0 to 255. */
  readonly inputZeroPoint: number;
  /** Of a convolution, whose result is rounded: [out]. */
  readonly outputScale?: Float32Array;
  readonly outputZeroPoint?: Uint8Array;
}

/** A layer's tensors in int8. */
export interface QuantizedLayer extends LayerScales {
  /** The integers w, in the order of the layer's weight. */
  readonly weight: Int8Array;
}

/** How far ranges reach beyond what was seen: other captions go a little further. */
const MARGIN = 1.05;

/** How much of the differences between channels goes into the steps of the input, and is taken out of the weights: none, half, all. */
const SHARES = [0, 0.5, 1];

/** A layer in int8: of the ways to share out the range between the input's channels and the weights, the one whose rounding errors add up to
 * the least, by the squares of what was seen.
 * @param weight the layer's weight in float32, [out, in, ...]
 * @param bias [out]
 * @throws UnclipError "weights" if it holds other than finite numbers
 * @see Xiao et al. 2023 (arXiv:2211.10438, SmoothQuant) eq. 4: there the share is 0.5 */
export function quantizeLayer(
  layer: Pick<Layer, "kind" | "key" | "weight">,
  weight: Float32Array,
  bias: Float32Array | undefined,
  range: LayerRange,
): QuantizedLayer {
  const scales = layerScales(layer, weight, bias, range);
  return { ...scales, weight: roundWeights(weight, layer.weight.dims, scales) };
}

/** The steps of {@link quantizeLayer} without the integers. */
export function layerScales(
  { kind, key, weight: { dims } }: Pick<Layer, "kind" | "key" | "weight">,
  weight: Float32Array,
  bias: Float32Array | undefined,
  range: LayerRange,
): LayerScales {
  if (!areFinite(weight) || !areFinite(bias ?? new Float32Array()))
    throw new UnclipError("weights", `${quote(key)}: expected finite numbers to quantise; download the model again`);
  const shape: Shape = { out: dims[0]!, channels: dims[1]!, area: sizeOf(dims.slice(2)) };
  const largest = largestWeights(weight, shape);
  const candidates = SHARES.map((share) => {
    const input = inputSteps(range, largest, share);
    return { input, ...weightSteps(weight, shape, { input, range }) };
  });
  const best = candidates.reduce((a, b) => (b.error < a.error ? b : a));
  const { scale: inputScale, zeroPoint: inputZeroPoint } = best.input;
  const output = kind === "conv" ? outputSteps(range) : undefined;
  const weightScale = best.scale.map((scale, o) => {
    const reach = Math.abs(bias?.[o] ?? 0) + 255 * (output?.outputScale[o] ?? 0);
    return Math.max(scale, reach / MOST_BIAS);
  });
  return {
    weightScale,
    inputScale: best.input.isUniform ? inputScale.slice(0, 1) : inputScale,
    inputZeroPoint,
    ...output,
  };
}

/* Loops over weights are plain ones: there are hundreds of millions, and a call for each takes ten times as long. */

function areFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** What a bias may be, in steps of the sum: it is an int32, with room. */
const MOST_BIAS = 2 ** 29;

interface Shape {
  readonly out: number;
  readonly channels: number;
  /** Of the kernel. */
  readonly area: number;
}

/** The largest weight of each input channel. */
function largestWeights(weight: Float32Array, { channels, area }: Shape): Float32Array {
  const largest = new Float32Array(channels);
  for (let i = 0; i < weight.length;) {
    for (let c = 0; c < channels; c++) {
      let most = largest[c]!;
      for (const end = i + area; i < end; i++) most = Math.max(most, Math.abs(weight[i]!));
      largest[c] = most;
    }
  }
  return largest;
}

interface InputSteps {
  readonly scale: Float32Array;
  readonly zeroPoint: number;
  readonly isUniform: boolean;
}

/** Steps of the input's channels, which differ by range^share / weight^(1 - share), in one range of 256 steps with one zero. */
function inputSteps({ inputMin, inputMax }: LayerRange, largest: Float32Array, share: number): InputSteps {
  const ranges = inputMin.map((low, c) => Math.max(Math.abs(low), Math.abs(inputMax[c]!)));
  const floor = Math.max(...ranges, 1e-20) * 1e-3; // a channel that was never used gets small steps, not none
  const relative = ranges.map((range, c) =>
    share === 0 ? 1 : Math.max(range, floor) ** share / Math.max(largest[c]!, 1e-10) ** (1 - share),
  );
  let [low, high] = [0, 0];
  relative.forEach((step, c) => {
    low = Math.min(low, (MARGIN * inputMin[c]!) / step);
    high = Math.max(high, (MARGIN * inputMax[c]!) / step);
  });
  const unit = Math.max(high - low, 1e-20) / 255;
  return {
    scale: relative.map((step) => step * unit),
    zeroPoint: Math.min(255, Math.round(-low / unit)),
    isUniform: share === 0,
  };
}

/** Steps of the weights of each output, and the mean square of the error that rounding input and weights brings. */
function weightSteps(
  weight: Float32Array,
  { out, channels, area }: Shape,
  { input: { scale: steps }, range }: { input: InputSteps; range: LayerRange },
): { scale: Float32Array; error: number } {
  const inputPower = range.inputSquares.reduce((sum, square, c) => sum + square / steps[c]! ** 2, 0) * area;
  const scale = new Float32Array(out);
  let error = 0;
  for (let o = 0, i = 0; o < out; o++) {
    let [largest, power] = [0, 0];
    for (let c = 0; c < channels; c++) {
      const step = steps[c]!;
      for (const end = i + area; i < end; i++) {
        const value = Math.abs(weight[i]! * step);
        largest = Math.max(largest, value);
        power += value * value;
      }
    }
    scale[o] = Math.max(largest / 127, 1e-30);
    error += (power + scale[o]! ** 2 * inputPower) / 12; // the variance of rounding to steps of 1 is 1/12
  }
  return { scale, error };
}

/** A weight in steps, of which 127 either way are there.
 * @param dims the weight's shape, [out, in, ...] */
export function roundWeights(
  weight: Float32Array,
  dims: readonly number[],
  { inputScale, weightScale }: Pick<LayerScales, "inputScale" | "weightScale">,
): Int8Array {
  const [out, channels] = dims as [number, number];
  const area = sizeOf(dims.slice(2));
  const rounded = new Int8Array(weight.length);
  for (let o = 0, i = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      const step = inputScale[inputScale.length === 1 ? 0 : c]!;
      for (const end = i + area; i < end; i++)
        rounded[i] = Math.max(-127, Math.min(127, Math.round((weight[i]! * step) / weightScale[o]!)));
    }
  }
  return rounded;
}

/** Steps of each output, of which 0 is one. */
function outputSteps({ outputMin, outputMax }: LayerRange) {
  const low = outputMin.map((value) => Math.min(0, MARGIN * value));
  const high = outputMax.map((value) => Math.max(0, MARGIN * value));
  const widest = high.reduce((most, value, o) => Math.max(most, value - low[o]!), 1e-20);
  const outputScale = high.map((value, o) => Math.max(value - low[o]!, widest * 1e-6) / 255);
  return {
    outputScale,
    outputZeroPoint: Uint8Array.from(outputScale, (scale, o) => Math.min(255, Math.round(-low[o]! / scale))),
  };
}
