import { sizeOf, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import type { AutoregressivePriorConfig } from "./config.js";

/** Keys and values of places, by the names of the transformer's inputs: [2, N, heads, P, headWidth] for each layer. */
export type AutoregressivePast = Readonly<Record<`past.${number}`, Tensor>>;

/** What the transformer takes for its past in the first run: nothing is known of any place of `rows` captions. */
export function emptyAutoregressivePast(config: AutoregressivePriorConfig, rows: number): AutoregressivePast {
  const nothing = tensor(new Float32Array(), [2, rows, config.heads, 0, config.headWidth]);
  return pastOf(config, () => nothing);
}

/** What the transformer takes for its past after a run that gave `outputs`. */
export function autoregressivePast(
  config: AutoregressivePriorConfig,
  outputs: Readonly<Record<string, Tensor>>,
): AutoregressivePast {
  return pastOf(config, (layer) => outputs[`present.${layer}`]!);
}

/** The places that the transformer knows while it draws one token after the other. */
export interface KnownPlaces {
  /** What the transformer takes of them for the next run.
   * @param mask 1 for each place of that run that counts, [N, S - P] */
  feeds(mask: Int32Array): Readonly<Record<string, OrtTensor>>;
  /** The outputs of that run that `add` needs. */
  readonly outputs: readonly string[];
  /** Takes the places of the run whose feeds were asked for last. */
  add(outputs: Readonly<Record<string, Tensor>>): void;
  dispose(): void;
}

/** Keys and values stay where the runtime leaves them. On a device, each run puts the new ones behind the known ones, and nothing goes through
 * JavaScript. In the processor's memory, one buffer has room for the whole sequence and its empty places are masked, so that a run gives back
 * no more than the keys and values of its own places.
 * @param size places of a whole sequence */
export function createKnownPlaces(config: AutoregressivePriorConfig, rows: number, size: number): KnownPlaces {
  const named = (name: string) => Array.from({ length: config.layers }, (_, i) => `${name}.${i}`);
  const shape = [2, rows, config.heads, size, config.headWidth];
  let past = emptyAutoregressivePast(config, rows);
  let mask = new Int32Array(); // of the places of `past`, [N, P]
  let coming: Int32Array = mask; // of those of the run that is on its way
  let written: number | undefined; // places in a buffer of ours, if we have one
  const dispose = () => {
    for (const part of Object.values(past)) if (part.location !== "cpu") part.dispose(); // on a device, the buffer is ours to free
  };
  const write = (name: "present" | "fresh", outputs: Readonly<Record<string, Tensor>>, start: number) => {
    const added = coming.length / rows;
    for (const [i, output] of named(name).entries()) writePlaces(outputs[output]!, past[`past.${i}`]!, start);
    for (let row = 0; row < rows; row++) {
      mask.set(coming.subarray(row * added, (row + 1) * added), row * size + start);
    }
    written = start + added;
  };
  return {
    feeds(ofRun) {
      coming = ofRun;
      const both = besides(mask, coming, rows);
      return { mask: new OrtTensor("int32", both, [rows, both.length / rows]), ...past };
    },
    get outputs() {
      return named(written === undefined ? "present" : "fresh");
    },
    add(outputs) {
      if (written !== undefined) {
        write("fresh", outputs, written);
      } else if (outputs["present.0"]!.location === "cpu") {
        past = pastOf(config, () => tensor(new Float32Array(sizeOf(shape)), shape));
        mask = new Int32Array(rows * size);
        write("present", outputs, 0);
      } else {
        dispose();
        past = autoregressivePast(config, outputs);
        mask = besides(mask, coming, rows);
      }
    },
    dispose,
  };
}

function pastOf(
  { layers }: AutoregressivePriorConfig,
  part: (layer: number) => Tensor,
): Record<`past.${number}`, Tensor> {
  return Object.fromEntries(Array.from({ length: layers }, (_, i) => [`past.${i}`, part(i)]));
}

/** Writes places [2, N, heads, S, D] into those of `all` [2, N, heads, P, D] from `start` on. */
function writePlaces(places: Tensor, all: Tensor, start: number): void {
  const [from, to] = [valuesOf(places), valuesOf(all)];
  const width = all.dims[4]!;
  const [added, stride] = [places.dims[3]! * width, all.dims[3]! * width];
  for (let i = 0; i * added < from.length; i++) {
    to.set(from.subarray(i * added, (i + 1) * added), i * stride + start * width);
  }
}

/** The rows of two masks side by side. */
function besides(left: Int32Array, right: Int32Array, rows: number) {
  const [a, b] = [left.length / rows, right.length / rows];
  const both = new Int32Array(left.length + right.length);
  for (let row = 0; row < rows; row++) {
    both.set(left.subarray(row * a, (row + 1) * a), row * (a + b));
    both.set(right.subarray(row * b, (row + 1) * b), row * (a + b) + a);
  }
  return both;
}
