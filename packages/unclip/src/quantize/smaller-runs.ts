import type { Graph } from "@unclip/graph";
import type { Feeds } from "@unclip/runtime/node";
import { rows, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import type { Sample, SeenNetwork } from "./observe.js";

/* What a layer costs is measured by a run of its network for each layer, so that the runs of large networks are made smaller. */

/** Pixels of a picture that a network of convolutions is tried on at most. */
const MOST_PIXELS = 2 ** 12;
/** Sides of pictures are halved as long as that divides them: U-Nets of eight levels take what is left. */
const DIVISOR = 2 ** 7;

/** Above that many bytes of weights one run with one picture stands for all: such networks take seconds for each. */
const LARGE_BYTES = 2 ** 28;

/** A network and what it is run on. */
export interface Runs {
  readonly graph: Graph;
  readonly samples: readonly Sample[];
}

/** The runs on which the layers of a network are tried: one early and one late; of a large network one in the middle, and of its pictures the last,
 * which the caption guides. Convolutions see the middle of a large picture alone: their group norms then take the mean and the variance of that. */
export function smallerRuns({ graph, samples }: SeenNetwork): Runs {
  const isLarge = graph.weightBytes > LARGE_BYTES;
  const [early, middle, late] = [1, 2, 3].map((quarter) => samples[Math.floor((samples.length * quarter) / 4)]);
  const chosen = [...new Set(isLarge ? [middle] : [early, late])].filter((sample) => sample !== undefined);
  const cut = inTheMiddle({ graph, samples: chosen });
  if (!isLarge) return cut;
  return { ...cut, samples: cut.samples.map((sample) => ({ ...sample, feeds: lastPicture(graph, sample.feeds) })) };
}

/** The middle of the pictures, where the network takes any size and its own is a large one. */
function inTheMiddle({ graph, samples }: Runs): Runs {
  const side = graph.inputs.find(isPicture)?.dims[2] as number | undefined;
  if (graph.at === undefined || side === undefined) return { graph, samples };
  const smaller = smallerSide(side);
  if (smaller === side) return { graph, samples };
  const pictures = new Set(graph.inputs.filter(isPicture).map(({ name }) => name));
  const cut = (feeds: Feeds): Feeds =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => [
        name,
        pictures.has(name) ? middleOf(value as Tensor, smaller) : value,
      ]),
    );
  return { graph: graph.at(smaller), samples: samples.map(({ feeds, outputs }) => ({ feeds: cut(feeds), outputs })) };
}

function isPicture({ dims }: Graph["inputs"][number]): boolean {
  return dims.length === 4 && typeof dims[2] === "number" && dims[2] === dims[3];
}

function smallerSide(side: number): number {
  return side ** 2 > MOST_PIXELS && side % DIVISOR === 0 ? smallerSide(side / 2) : side;
}

/** A square from the middle of x [N, C, S, S]: [N, C, side, side]. */
function middleOf(x: Tensor, side: number): Tensor {
  const [n, channels, height, width] = x.dims as [number, number, number, number];
  const [top, left] = [(height - side) / 2, (width - side) / 2];
  const values = valuesOf(x);
  const out = new Float32Array(n * channels * side * side);
  for (let line = 0; line < n * channels * side; line++) {
    const start = (Math.floor(line / side) * height + top + (line % side)) * width + left;
    out.set(values.subarray(start, start + side), line * side);
  }
  return tensor(out, [n, channels, side, side]);
}

/** The last row of every input, where pictures are rows of all of them, and no input is one of token ids. */
function lastPicture({ inputs }: Graph, feeds: Feeds): Feeds {
  const isNamed = (dims: Graph["inputs"][number]["dims"]) => dims.some((dim) => typeof dim === "string");
  const isPlain = inputs.every(({ type, dims }) => type === "float" && (dims[0] !== "N" || !isNamed(dims.slice(1))));
  if (!isPlain || inputs.some(({ dims }) => dims[0] !== "N" && isNamed(dims))) return feeds;
  const perPicture = new Set(inputs.filter(({ dims }) => dims[0] === "N").map(({ name }) => name));
  const last = (value: Tensor) => rows(value, value.dims[0]! - 1, value.dims[0]!);
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => [name, perPicture.has(name) ? last(value as Tensor) : value]),
  );
}
