import type { Graph } from "@unclip/graph";
import { createRuntime, openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { filled, readJson, rows, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import { readUpsamplerConfig, upsamplerNetwork } from "@unclip/upsampler";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import type { SeenNetwork } from "../src/quantize/observe.js";
import { smallerRuns } from "../src/quantize/smaller-runs.js";

const LARGE = 2 ** 29;

function seen(graph: Graph, feeds: readonly Record<string, Tensor>[]): SeenNetwork {
  const samples = feeds.map((one) => ({ feeds: one, outputs: ["prediction"] }));
  return { graph, folder: undefined, samples, rangeOf: () => undefined };
}

const countUp = (dims: readonly number[]) => {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => i),
    dims,
  );
};

async function upsampler(side: number) {
  const folder = await openModelFolder(fixturePath("karlo-tiny"));
  const config = readUpsamplerConfig(await readJson(folder, "super_res_first/config.json"), "config.json");
  return {
    folder,
    graph: upsamplerNetwork({ ...config, sampleSize: side }, await readCheckpoint(folder, "super_res_first")),
  };
}

describe("smallerRuns", () => {
  it("takes the middle of large pictures, one early and one late, through the same layers", async () => {
    const { folder, graph } = await upsampler(256);
    const t = filled([1], 500);
    const all = [1, 2, 3, 4].map((late) => ({ xt: countUp([late, 6, 256, 256]), t }));
    const smaller = smallerRuns(seen(graph, all));
    expect(smaller.graph.inputs[0]!.dims).toEqual(["N", 6, 64, 64]);
    expect(smaller.graph.layers.map(({ key }) => key)).toEqual(graph.layers.map(({ key }) => key));
    expect(smaller.samples.map(({ feeds }) => feeds["xt"]!.dims)).toEqual([2, 4].map((n) => [n, 6, 64, 64]));
    const values = valuesOf(smaller.samples[0]!.feeds["xt"] as Tensor);
    expect([values[0], values[63], values[64]]).toEqual([96 * 256 + 96, 96 * 256 + 159, 97 * 256 + 96]);
    expect(values.at(-1)).toBe(11 * 256 ** 2 + 159 * 256 + 159);
    const runtime = await createRuntime({ threads: 1 });
    const { feeds, outputs } = smaller.samples[0]!;
    const { prediction } = await runtime.network(smaller.graph, folder).run(feeds, outputs);
    expect(prediction!.dims).toEqual([2, 3, 64, 64]);
    await runtime.dispose();
  });

  it("leaves small pictures as they are", async () => {
    const { graph } = await upsampler(64);
    const all = [{ xt: countUp([1, 6, 64, 64]), t: filled([1], 500) }];
    expect(smallerRuns(seen(graph, all))).toEqual({ graph, samples: [{ feeds: all[0], outputs: ["prediction"] }] });
  });

  it("takes the last picture of one run in the middle where there are many weights", () => {
    const inputs = [
      { name: "xt", type: "float", dims: ["N", 2] },
      { name: "t", type: "float", dims: [1] },
    ];
    const graph = { weightBytes: LARGE, inputs } as unknown as Graph;
    const all = [1, 2, 3, 4].map((t) => ({ xt: countUp([t, 2]), t: filled([1], t) }));
    const { samples } = smallerRuns(seen(graph, all));
    expect(samples.map(({ feeds }) => feeds)).toEqual([{ xt: rows(all[2]!.xt, 2, 3), t: all[2]!.t }]);
  });

  it.each([
    [{ name: "past", type: "float", dims: [2, "N", 2] }],
    [{ name: "xt", type: "int32", dims: ["N", 2] }],
    [{ name: "xt", type: "float", dims: ["N", "L"] }],
  ])("takes all pictures where an input is %j", (input) => {
    const graph = { weightBytes: LARGE, inputs: [input] } as unknown as Graph;
    const feeds = { [input.name]: countUp([2, 2, 2]) };
    expect(smallerRuns(seen(graph, [feeds])).samples[0]!.feeds).toBe(feeds);
  });
});
