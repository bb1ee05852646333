import {
  encodeSafetensorsHeader,
  roundWeights,
  type Checkpoint,
  type Layer,
  type LayerScales,
  type TensorHeader,
  type Weight,
} from "@unclip/graph";
import type { Directory } from "@unclip/runtime/node";
import { sizeOf } from "@unclip/tensor";
import { readWeight, readWeightBytes } from "./read-weight.js";

/** A layer that is to be int8. */
export interface ChosenLayer {
  readonly layer: Layer;
  readonly scales: LayerScales;
}

/** Where a weight lies, as a key. */
export function placeOf({ file, offset }: Pick<Weight, "file" | "offset">): string {
  return `${file}:${offset}`;
}

/** A tensor of the new file, and how its bytes come about, piece by piece. */
interface Part extends TensorHeader {
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

/** Metadata that every file written here has. */
const METADATA = { format: "pt", quantization: "unclip int8" };

/** The safetensors file of a component whose chosen layers are int8; every other tensor is as it was.
 * @param chosen layers by the place of their weight */
export async function* encodeWeights(
  folder: Directory,
  { weights }: Checkpoint,
  chosen: ReadonlyMap<string, ChosenLayer>,
): AsyncGenerator<Uint8Array> {
  const parts = [...weights].flatMap(([name, weight]): Part[] => {
    const int8 = chosen.get(placeOf(weight));
    return int8 === undefined ? [asItIs(folder, name, weight)] : int8Parts(folder, int8);
  });
  const ordered = parts.sort((a, b) => rankOf(a) - rankOf(b));
  yield encodeSafetensorsHeader(ordered, METADATA);
  for (const part of ordered) yield* part.bytes();
}

/** Scales first, side by side, so that they can be read at once; then larger elements before smaller ones, so that each lies where it can be mapped. */
function rankOf({ name, type }: Part): number {
  if (type === "I64") return 0;
  if (/\.(weight|input|output)_scale$/.test(name)) return 1;
  return { F32: 2, I32: 2, F16: 3, BF16: 3, I8: 4, U8: 5 }[type];
}

const PIECE_BYTES = 2 ** 24;

function asItIs(folder: Directory, name: string, weight: Weight): Part {
  return {
    name,
    type: weight.type,
    dims: weight.dims,
    async *bytes() {
      for (let start = 0; start < weight.sizeBytes; start += PIECE_BYTES)
        yield await readWeightBytes(folder, weight, [start, Math.min(weight.sizeBytes, start + PIECE_BYTES)]);
    },
  };
}

function int8Parts(folder: Directory, { layer, scales }: ChosenLayer): Part[] {
  const { key, weight } = layer;
  const { weightScale, inputScale, inputZeroPoint, outputScale, outputZeroPoint } = scales;
  const small = (name: string, type: "F32" | "U8", values: Float32Array | Uint8Array): Part => ({
    name: key.replace(/weight$/, name),
    type,
    dims: [values.length],
    async *bytes() {
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    },
  });
  const integers: Part = {
    name: key,
    type: "I8",
    dims: weight.dims,
    async *bytes() {
      const rounded = roundWeights(await readWeight(folder, weight), weight.dims, scales);
      yield new Uint8Array(rounded.buffer, 0, sizeOf(weight.dims));
    },
  };
  return [
    integers,
    small("weight_scale", "F32", weightScale),
    small("input_scale", "F32", inputScale),
    small("input_zero_point", "U8", Uint8Array.of(inputZeroPoint)),
    ...(outputScale ? [small("output_scale", "F32", outputScale)] : []),
    ...(outputZeroPoint ? [small("output_zero_point", "U8", outputZeroPoint)] : []),
  ];
}
