import type { Graph } from "@unclip/graph";
import type { Runtime } from "@unclip/runtime";
import { valuesOf, type Tensor } from "@unclip/tensor";
import { loadUnclip, type Picture, type Unclip } from "unclip";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { rounded } from "../../graph/test/rounded.js";

/* Networks in float16 beside the same in float32, on a processor that rounds as graphics cards do. */

/** What the next runtime does: "float16" computes in it; "both" gives float32's numbers, and notes how far float16's are off. */
const { way, errors } = vi.hoisted(() => ({ way: { value: "float32" }, errors: new Map<string, number>() }));
afterEach(() => {
  way.value = "float32";
  errors.clear();
});

vi.mock("@unclip/runtime", async (original) => {
  const actual = await original<typeof import("@unclip/runtime")>();
  return {
    ...actual,
    createRuntime: async (): Promise<Runtime> => {
      const runtime = await actual.createRuntime({ threads: 1 }); // many sessions are open: their threads would wait for one another
      const inHalf = (graph: Graph): Graph => ({ ...graph, bytes: rounded(graph.halfBytes(false)) });
      if (way.value === "float16")
        return { ...runtime, network: (graph, ...rest) => runtime.network(inHalf(graph), ...rest) };
      if (way.value !== "both") return runtime;
      return {
        ...runtime,
        network(graph, folder, options) {
          const network = runtime.network(graph, folder, options);
          const half = runtime.network(inHalf(graph), folder);
          return {
            name: network.name,
            async run(feeds, outputs) {
              const [expected, actual] = [await network.run(feeds, outputs), await half.run(feeds, outputs)];
              const worst = Math.max(
                ...Object.keys(expected).map((key) => relativeError(actual[key]!, expected[key]!)),
              );
              errors.set(graph.name, Math.max(errors.get(graph.name) ?? 0, worst));
              return expected;
            },
          };
        },
      };
    },
  };
});

/** The norm of the difference over that of what was expected; 0 where both are the same, as of outputs that have no elements. */
function relativeError(actual: Tensor, expected: Tensor): number {
  const [a, b] = [valuesOf(actual), valuesOf(expected)];
  const norm = (at: (i: number) => number) => Math.sqrt(Array.from(b, (_, i) => at(i) ** 2).reduce((x, y) => x + y, 0));
  const difference = norm((i) => a[i]! - b[i]!);
  return difference === 0 ? 0 : difference / norm((i) => b[i]!);
}

async function open(source: string, computing: string): Promise<Unclip> {
  way.value = computing;
  return loadUnclip(source);
}

/** What networks may be off beyond 4e-3. Measured was at most 2.6e-3, but 7e-3 of a MoVQ of random weights. */
const MOST: Readonly<Record<string, number>> = { movq: 1.5e-2 };

const few = { seed: 5, prior: { steps: 2 }, decoder: { steps: 2 } };
const CAPTION = "a red cube on top of a blue sphere";

describe("networks in float16", () => {
  it.each([
    "toybox",
    "karlo-tiny",
    "stable-unclip-tiny-h",
    "stable-unclip-tiny-h-b",
    "stable-unclip-tiny-l",
    "kandinsky-2-1-tiny",
    "kandinsky-2-2-tiny-decoder",
  ])("of %s", async (name) => {
    const unclip = await open(name === "toybox" ? name : fixturePath(name), "both");
    const { decoder, prior, autoregressivePrior, imageEncoder, upsamplers } = unclip.stages;
    const enlarged = { upsamplers: upsamplers.length > 0 ? [{ steps: 2 }] : [] };
    await unclip.generate(CAPTION, { ...few, ...enlarged, ...(prior === undefined && { prior: { kind: "none" } }) });
    if (autoregressivePrior)
      await unclip.generate(CAPTION, { ...few, prior: { kind: "autoregressive" }, upsamplers: 0 });
    if (imageEncoder) {
      const { width, height } = decoder.space.size;
      const picture: Picture = {
        width,
        height,
        data: new Uint8Array(3 * width * height).map((_, i) => (i * 37) % 256),
      };
      await unclip.vary(picture, { seed: 5, decoder: { steps: 2 }, upsamplers: [] });
    }
    await unclip.dispose();
    expect(errors.size).toBeGreaterThan(3);
    expect(Math.max(...errors.values())).toBeGreaterThan(1e-4); // it was float16
    for (const [network, error] of errors) expect(error, network).toBeLessThan(MOST[network] ?? 4e-3);
  });
});

describe("toybox in float16", () => {
  it("paints almost the same picture", async () => {
    const paint = async (computing: string) => {
      const unclip = await open("toybox", computing);
      const { images } = await unclip.generate(CAPTION, { seed: 1, upsamplers: 1 });
      await unclip.dispose();
      return images[0]!.data;
    };
    const [expected, actual] = [await paint("float32"), await paint("float16")];
    const differences = expected.map((value, i) => Math.abs(value - actual[i]!));
    const share = (limit: number) => differences.filter((value) => value > limit).length / differences.length;
    expect(share(0)).toBeGreaterThan(0);
    expect(share(1)).toBeLessThan(0.02); // 0.9 % was measured, the largest 13, along edges
    expect(share(4)).toBeLessThan(0.01); // 0.4 %
  });
});
