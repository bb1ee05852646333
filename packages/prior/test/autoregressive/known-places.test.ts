import { readAutoregressivePriorConfig } from "@unclip/prior";
import { filled, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { readFixture } from "../../../../test-support/index.js";
import { createKnownPlaces } from "../../src/autoregressive/known-places.js";

const config = readAutoregressivePriorConfig(
  readFixture<Record<string, unknown>>("autoregressive-tiny/prior_autoregressive/config.json"),
  "config.json",
);
const maskOf = (feeds: ReturnType<ReturnType<typeof createKnownPlaces>["feeds"]>) =>
  Array.from(feeds["mask"]!.data as Int32Array);

describe("createKnownPlaces", () => {
  it("gives keys and values on a device back as they are, and frees each buffer once the next run is done", () => {
    const freed: string[] = [];
    const present = (run: number) => {
      const part = (i: number) => {
        const dims = [2, 1, config.heads, 2 + run, config.headWidth];
        return [`present.${i}`, { location: "gpu-buffer", dims, dispose: () => freed.push(`${run}.${i}`) }];
      };
      return Object.fromEntries([part(0), part(1)]) as Record<string, Tensor>;
    };
    const places = createKnownPlaces(config, 1, 9);
    const first = places.feeds(Int32Array.of(1, 0, 1));
    expect([maskOf(first), first["past.1"]!.dims[3]]).toEqual([[1, 0, 1], 0]);
    expect(places.outputs).toEqual(["present.0", "present.1"]);
    const outputs = present(1);
    places.add(outputs);
    const second = places.feeds(Int32Array.of(1));
    expect(second["past.1"]).toBe(outputs["present.1"]);
    expect([maskOf(second), places.outputs]).toEqual([
      [1, 0, 1, 1],
      ["present.0", "present.1"],
    ]);
    expect(freed).toEqual([]);
    places.add(present(2));
    expect(freed).toEqual(["1.0", "1.1"]);
    places.dispose();
    expect(freed).toEqual(["1.0", "1.1", "2.0", "2.1"]);
  });

  it("writes keys and values in memory into one buffer, whose empty places do not count", () => {
    const places = createKnownPlaces(config, 2, 4);
    const outputs = (name: string, added: number, value: number) => {
      const part = (i: number) => [`${name}.${i}`, filled([2, 2, config.heads, added, config.headWidth], value + i)];
      return Object.fromEntries([part(0), part(1)]) as Record<string, Tensor>;
    };
    places.feeds(Int32Array.of(1, 0, 1, 1));
    places.add(outputs("present", 2, 5));
    expect(places.outputs).toEqual(["fresh.0", "fresh.1"]);
    const second = places.feeds(Int32Array.of(1, 1));
    expect(maskOf(second)).toEqual([1, 0, 0, 0, 1, 1, 1, 0, 0, 1]);
    places.add(outputs("fresh", 1, 7));
    const third = places.feeds(Int32Array.of(1, 1));
    expect(third["past.1"]).toBe(second["past.1"]);
    expect(maskOf(third)).toEqual([1, 0, 1, 0, 1, 1, 1, 1, 0, 1]);
    const { data, dims } = third["past.1"]!;
    expect(dims).toEqual([2, 2, config.heads, 4, config.headWidth]);
    const row = [6, 6, 8, 0].flatMap((value) => Array<number>(config.headWidth).fill(value));
    expect(Array.from(data as Float32Array)).toEqual(
      Array(4 * config.heads)
        .fill(row)
        .flat(),
    );
  });
});
