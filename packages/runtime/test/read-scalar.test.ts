import { pathIn, readCheckpoint, readScalar, selectModelFiles, type ModelFolder } from "@unclip/runtime/node";
import { describe, expect, it } from "vitest";
import { safetensors } from "./support.js";

/** A model folder in memory. */
function folderOf(files: Record<string, Uint8Array | string>, variant?: string): ModelFolder {
  const content = (path: string) => Buffer.from(files[path]!);
  return {
    name: "model",
    ...(variant !== undefined && { variant }),
    has: async (path) => path in files,
    text: async (path) => content(path).toString(),
    sizeBytes: async (path) => content(path).length,
    bytes: async (path, start, end) => content(path).subarray(start, end),
  };
}

const half = (bits: number) => Uint8Array.of(bits & 255, bits >> 8);
const float = (value: number) => new Uint8Array(Float32Array.of(value).buffer);

/** A file of one number between two others. */
const around = (dtype: string, bytes: Uint8Array, dims: number[] = []) =>
  safetensors({
    before: { dims: [1], bytes: float(7) },
    scale: { dtype, dims, bytes },
    after: { dims: [1], bytes: float(8) },
  });

describe("readScalar", () => {
  it.each([
    ["F32", float(4.6052), [], Math.fround(4.6052)],
    ["F32", float(-1.5), [1, 1], -1.5],
    ["BF16", half(0x4049), [], 3.140625],
    ["BF16", half(0xbf80), [], -1],
    ["F16", half(0x3c00), [], 1],
    ["F16", half(0xc000), [1], -2],
    ["F16", half(0x3555), [], 0.333251953125],
    ["F16", half(0x7bff), [], 65504],
    ["F16", half(0x0400), [], 2 ** -14],
    ["F16", half(0x0001), [], 2 ** -24],
    ["F16", half(0x83ff), [], -1023 * 2 ** -24],
    ["F16", half(0x7c00), [], Infinity],
    ["F16", half(0xfc00), [], -Infinity],
    ["F16", half(0x7e00), [], NaN],
  ])("reads %s %s of shape %j as torch does", async (dtype, bytes, dims, expected) => {
    const folder = folderOf({ "clip/model.safetensors": around(dtype, bytes, dims) });
    expect(await readScalar(folder, "clip", "scale")).toBe(expected);
  });

  it("finds it in any shard, and says undefined where it is in none", async () => {
    const index = { weight_map: { before: "a.safetensors", scale: "b.safetensors" } };
    const folder = folderOf({
      "model.safetensors.index.json": JSON.stringify(index),
      "a.safetensors": safetensors({ before: { dims: [1], bytes: float(7) } }),
      "b.safetensors": safetensors({ scale: { dims: [], bytes: float(3) } }),
    });
    expect(await readScalar(folder, "", "scale")).toBe(3);
    expect(await readScalar(folder, "", "other")).toBeUndefined();
    expect(await readScalar(folder, "elsewhere", "scale")).toBeUndefined();
  });

  it.each([
    ["F32", Uint8Array.of(...float(1), ...float(2)), [1, 2], "F32 [1, 2]"],
    ["I64", new Uint8Array(8), [], "I64 []"],
  ])("refuses %s of other shapes and types", async (dtype, bytes, dims, got) => {
    const folder = folderOf({ "clip/model.safetensors": around(dtype, bytes, dims) });
    await expect(readScalar(folder, "clip", "scale")).rejects.toMatchObject({
      code: "weights",
      message: `model/clip/model.safetensors: scale: expected one float, got ${got}; another model?`,
    });
  });
});

describe("readCheckpoint", () => {
  const weights = safetensors({ a: { dims: [1], bytes: float(1) } });

  it("is named for its component, or for the folder that is one", async () => {
    const folder = folderOf({ "prior/model.safetensors": weights, "model.safetensors": weights });
    expect((await readCheckpoint(folder, "prior")).name).toBe("prior");
    expect((await readCheckpoint(folder, "")).name).toBe("model");
  });

  it.each([
    ["", "model: no weights; expected "],
    ["prior", "model/prior: no weights; expected "],
  ])("says which component has no weights: %j", async (component, start) => {
    await expect(readCheckpoint(folderOf({}), component)).rejects.toMatchObject({
      code: "weights",
      message: expect.stringMatching(`^${start}`),
    });
  });

  it("takes the variant only where it is asked for", async () => {
    const files = { "model.fp16.safetensors": weights, "model.undefined.safetensors": weights };
    await expect(readCheckpoint(folderOf(files), "")).rejects.toThrow(/no weights/);
    expect((await readCheckpoint(folderOf(files, "fp16"), "")).weights.get("a")!.file).toBe("model.fp16.safetensors");
  });

  it.each([{}, { weight_map: null }, { weight_map: "a.safetensors" }, { weight_map: 3 }])(
    "refuses the index %j",
    async (index) => {
      const folder = folderOf({ "prior/model.safetensors.index.json": JSON.stringify(index) });
      await expect(readCheckpoint(folder, "prior")).rejects.toMatchObject({
        code: "weights",
        message: "model/prior/model.safetensors.index.json: expected a weight_map; download the file again",
      });
    },
  );

  it("bounds the files of an index", async () => {
    const shards = (count: number) =>
      JSON.stringify({ weight_map: Object.fromEntries(Array.from({ length: count }, (_, i) => [i, `${i}.bin`])) });
    const read = (count: number) => readCheckpoint(folderOf({ "model.safetensors.index.json": shards(count) }), "");
    await expect(read(10_000)).rejects.toMatchObject({
      code: "weights",
      message: "model: 0.bin is missing, which model.safetensors.index.json lists; download it",
    });
    await expect(read(10_001)).rejects.toMatchObject({
      code: "weights",
      message: "model/model.safetensors.index.json: expected 10000 files at most, got 10001",
    });
  });
});

describe("selectModelFiles", () => {
  it("takes only JSON of the folder itself, and entries that name a component", async () => {
    const index = { _class_name: "P", prior: ["d", "X"], none: [null, null], odd: "ab", list: ["x"] };
    const files = {
      "model_index.json": JSON.stringify(index),
      "notes.txt": "",
      ...Object.fromEntries(["prior", "none", "odd", "list"].map((name) => [pathIn(name, "config.json"), "{}"])),
    };
    const paths = Object.keys(files).map((path) => ({ path, sizeBytes: 2 }));
    const repository = { ...folderOf(files), files: paths } as unknown as Parameters<
      ReturnType<typeof selectModelFiles>
    >[0];
    expect(await selectModelFiles()(repository)).toEqual(["model_index.json", "prior/config.json"]);
  });
});
