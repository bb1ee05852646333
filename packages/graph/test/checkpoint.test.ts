import { createCheckpoint, createGraphBuilder, type WeightEntry } from "@unclip/graph";
import { describe, expect, it } from "vitest";

const entry: WeightEntry = { type: "F32", dims: [2], offset: 8, sizeBytes: 8 };
const checkpointOf = (...keys: string[]) =>
  createCheckpoint("net", new Map([["a.safetensors", new Map(keys.map((key) => [key, entry]))]]));
const builderOf = (...keys: string[]) => createGraphBuilder({ name: "net", checkpoint: checkpointOf(...keys) });

describe("createCheckpoint", () => {
  it("joins files, and refuses a name that is in two of them", () => {
    const files = new Map([
      ["a", new Map([["x", entry]])],
      ["b", new Map([["y", entry]])],
    ]);
    expect([...createCheckpoint("net", files).weights]).toEqual([
      ["x", { ...entry, file: "a" }],
      ["y", { ...entry, file: "b" }],
    ]);
    files.set("c", new Map([["y", entry]]));
    expect(() => createCheckpoint("net", files)).toThrow("net: y is in both b and c; keep one of the files");
  });
});

describe("expectParts", () => {
  const keys = [
    "blocks.0.a.weight",
    "blocks.0.a.bias",
    "blocks.1.a.weight",
    "blocks.10.a.weight",
    "blocks2.0.a",
    "in.blocks.0.a",
  ];

  it("counts the numbered parts of a scope", () => {
    const g = builderOf(...keys);
    g.expectParts("blocks", 3);
    g.expectParts("none", 0);
    g.scope("in", () => g.expectParts("blocks", 1));
    expect(() => g.scope("in", () => g.expectParts("blocks", 3))).toThrow(
      "net: the weights do not fit config.json: it wants 3 of in.blocks, they have 1; are both files from the same model?",
    );
    for (const count of [0, 2, 4, 1e9]) {
      expect(() => g.expectParts("blocks", count)).toThrow(`it wants ${count} of blocks, they have 3`);
    }
  });

  it("lets a plan have any number", () => {
    const plan = () => ({ ...entry, file: "" });
    const g = createGraphBuilder({ name: "net", checkpoint: { ...checkpointOf(), plan } });
    expect(() => g.expectParts("blocks", 20)).not.toThrow();
  });
});

describe("finish", () => {
  it("lists how the weights differ from those the network takes", () => {
    const g = builderOf("a", "b", "c\u001b[2J");
    g.weight("a", [3]);
    g.weight("d", [2]);
    expect(() => g.finish()).toThrow(
      "net: the weights do not fit config.json (1 missing: d; 2 extra: b, c [2J; 1 wrongly shaped: a: expected [3], got [2]); are both files from the same model?",
    );
  });

  it("names twelve at most", () => {
    const names = Array.from({ length: 15 }, (_, i) => `w${i}`);
    expect(() => builderOf(...names).finish()).toThrow(/15 extra: w0, .*w11 and 3 more\)/);
  });

  it("leaves alone what it is told to ignore, and what every weight fits", () => {
    const g = createGraphBuilder({
      name: "net",
      checkpoint: checkpointOf("a", "position_ids"),
      ignore: (key) => key === "position_ids",
    });
    g.output("a", g.weight("a", [2]));
    expect(g.finish().weightFiles).toEqual(["a.safetensors"]);
  });
});
