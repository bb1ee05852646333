import { observeLayers, type Graph, type Layer, type LayerRange, type Observed } from "@unclip/graph";
import type { Feeds, ModelFolder, Runtime } from "@unclip/runtime/node";
import { tensor, type Tensor } from "@unclip/tensor";

/** What a network was fed, and which of its outputs were wanted. */
export interface Sample {
  readonly feeds: Feeds;
  readonly outputs: readonly string[];
}

/** A network that has run, or may run yet. */
export interface SeenNetwork {
  readonly graph: Graph;
  readonly folder: ModelFolder | undefined;
  /** Some of its runs, spread over all of them. */
  readonly samples: readonly Sample[];
  /** What was seen of a layer; undefined before the network ran. */
  rangeOf(layer: Layer): LayerRange | undefined;
}

/** A runtime whose networks are watched while they run. */
export interface ObservingRuntime {
  readonly runtime: Runtime;
  readonly networks: readonly SeenNetwork[];
}

/** A runtime that computes as `inner` does, and notes what its networks' layers see. */
export function observingRuntime(inner: Runtime): ObservingRuntime {
  const networks: SeenNetwork[] = [];
  const runtime: Runtime = {
    ...inner,
    network(graph, folder, options) {
      const observed = observeLayers(graph);
      const network = inner.network(observed.graph, folder, options);
      const ranges = createRanges(observed.layers);
      const samples = createSamples();
      networks.push({
        graph,
        folder,
        samples: samples.kept,
        rangeOf: (layer) => ranges.of(graph.layers.indexOf(layer)),
      });
      return {
        name: network.name,
        async run(feeds, wanted = graph.outputs.map(({ name }) => name)) {
          samples.offer({ feeds, outputs: wanted });
          const all = await network.run(feeds, [...wanted, ...ranges.names]);
          ranges.take(all);
          return Object.fromEntries(wanted.map((name) => [name, all[name]!]));
        },
      };
    },
  };
  return { runtime, networks };
}

/** Runs of a network that are kept at most. */
const MOST_SAMPLES = 4;

/** Keeps some of many, at even distances. */
function createSamples() {
  const kept: Sample[] = [];
  let [count, stride] = [0, 1];
  return {
    kept,
    offer({ feeds, outputs }: Sample): void {
      if (count++ % stride !== 0) return;
      const copies = Object.entries(feeds).map(([name, value]) => [name, copyOf(value as Tensor)] as const);
      kept.push({ feeds: Object.fromEntries(copies), outputs });
      if (kept.length <= MOST_SAMPLES) return;
      kept.splice(0, kept.length, ...kept.filter((_, i) => i % 2 === 0));
      stride *= 2;
    },
  };
}

function copyOf(value: Tensor): Tensor {
  if (value.type === "float32") return tensor((value.data as Float32Array).slice(), [...value.dims]);
  return value; // masks and token ids, which nobody writes to
}

/** Ranges of a graph's layers over all of its runs. */
function createRanges(layers: readonly { readonly x: Observed; readonly y: Observed }[]) {
  const values = new Map<string, Float32Array>();
  const kinds = new Map<string, keyof Observed>();
  for (const { x, y } of layers) {
    for (const observed of [x, y]) {
      for (const kind of ["min", "max", "squares"] as const) kinds.set(observed[kind], kind);
    }
  }
  let runs = 0;
  const joined = {
    min: (a: number, b: number) => Math.min(a, b),
    max: (a: number, b: number) => Math.max(a, b),
    squares: (a: number, b: number) => a + (b - a) / runs, // the mean of all runs
  };
  return {
    names: [...kinds.keys()],
    take(outputs: Readonly<Record<string, Tensor>>): void {
      runs += 1;
      for (const [name, kind] of kinds) {
        const [now, before] = [outputs[name]!.data as Float32Array, values.get(name)];
        values.set(name, before?.map((value, i) => joined[kind](value, now[i]!)) ?? now.slice());
      }
    },
    of(index: number): LayerRange | undefined {
      const layer = layers[index];
      if (layer === undefined || runs === 0) return undefined;
      const at = (name: string) => values.get(name)!;
      const { x, y } = layer;
      return {
        inputMin: at(x.min),
        inputMax: at(x.max),
        inputSquares: at(x.squares),
        outputMin: at(y.min),
        outputMax: at(y.max),
      };
    },
  };
}
