import { readTorchFile, type WeightEntry, type WeightFile } from "@unclip/graph";
import { isUnclipError } from "@unclip/tensor";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fixturePath, readFixture } from "../../../test-support/index.js";
import {
  bytes,
  global,
  integer,
  storedTensors,
  text,
  torchFileOf,
  tuple,
  unicode,
} from "../../../test-support/torch-file.js";
import { zipOf } from "../../../test-support/zip.js";

interface Expected {
  files: Record<string, Record<string, { type: string; dims: number[]; hex: string }>>;
}
const { files } = readFixture<Expected>("torch-files/expected.json");
const contentOf = (name: string) => readFileSync(fixturePath(`torch-files/${name}`));

/** A file in memory, and the ranges of it that were read. */
function fileOf(content: Uint8Array): WeightFile & { readonly ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  return {
    where: "a.bin",
    sizeBytes: content.length,
    ranges,
    async bytes(start, end) {
      ranges.push([start, end]);
      return content.subarray(start, end);
    },
  };
}

const read = (content: Uint8Array) => readTorchFile(fileOf(content));

/** The tensors with the bytes that their places name. */
function contents(entries: ReadonlyMap<string, WeightEntry>, file: Buffer) {
  return Object.fromEntries(
    [...entries].map(([name, { type, dims, offset, sizeBytes }]) => [
      name,
      { type, dims, hex: file.subarray(offset, offset + sizeBytes).toString("hex") },
    ]),
  );
}

describe("readTorchFile, of files that torch wrote", () => {
  it.each(Object.entries(files))("finds each byte of each tensor of %s", async (name, expected) => {
    const content = contentOf(name);
    expect(contents(await read(content), content)).toEqual(expected);
  });

  it("reads the end of the file, its directory, the pickle and the heads of the archived files, no numbers", async () => {
    const zeros = (count: number) => ({ type: "F32", dims: [count], bytes: new Uint8Array(4 * count) });
    const file = fileOf(torchFileOf({ large: zeros(1e6), behind: zeros(2e4) }));
    const { offset, sizeBytes } = (await readTorchFile(file)).get("large")!;
    expect(file.ranges.filter(([start, end]) => start < offset + sizeBytes && end > offset)).toEqual([]);
    expect(file.ranges.reduce((sum, [start, end]) => sum + end - start, 0)).toBeLessThan(2 ** 17);
  });

  it.each([
    ["os-system.bin", /^a\.bin asks for posix\.system; a checkpoint needs no code, and none is run: take a file/],
    ["module.pt", /^a\.bin asks for torch\.nn\.modules\.linear\.Linear; a checkpoint needs no code/],
    [
      "transposed.bin",
      /weight: \[3, 2\] has the strides \[1, 3\], so that .* cannot be mapped; save it again in Python: torch\.save/,
    ],
    ["double.bin", /weight: type DoubleStorage is not supported; expected one of FloatStorage, HalfStorage/],
    ["tensor.pt", /expected a state dict, tensors by name, but the file holds a tensor; save it in Python/],
    ["compressed.bin", /"compressed\/data\.pkl" is compressed, so that its weights cannot be mapped/],
    ["old-format.bin", /the file is in torch's format before 1\.6; save it again in Python: torch\.save\(torch\.load/],
  ])("refuses %s", async (name, message) => {
    const refusal = await read(contentOf(name)).catch((error: unknown) => error);
    expect(isUnclipError(refusal, "weights")).toBe(true);
    expect((refusal as Error).message).toMatch(message);
    expect(existsSync("a-checkpoint-ran-code")).toBe(false);
  });
});

const FLOATS = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
const two = {
  a: { type: "F32", dims: [2, 3], bytes: FLOATS },
  b: { type: "F16", dims: [2], bytes: FLOATS.subarray(0, 4) },
};

describe("readTorchFile, of archives", () => {
  it.each([
    ["plain", {}],
    ["of zip64", { zip64: true }],
    ["with a comment", { comment: Buffer.from("made by hand PK\x05\x06") }],
  ])("opens one %s", async (_, options) => {
    const content = torchFileOf(two, options);
    expect(contents(await read(content), content)).toEqual({
      a: { type: "F32", dims: [2, 3], hex: FLOATS.toString("hex") },
      b: { type: "F16", dims: [2], hex: FLOATS.toString("hex", 0, 4) },
    });
  });

  it("places the tensors of a whole network where torch's own file has them", async () => {
    const tensors = storedTensors(readFileSync(fixturePath("karlo-tiny/prior/diffusion_pytorch_model.safetensors")));
    const content = torchFileOf(tensors);
    const found = contents(await read(content), content);
    const expected = Object.entries(tensors).map(([name, { type, dims, bytes: values }]) => [
      name,
      { type, dims, hex: Buffer.from(values).toString("hex") },
    ]);
    expect(found).toEqual(Object.fromEntries(expected));
  });

  const whole = torchFileOf(two);
  const edit = (content: Buffer, change: (content: Buffer) => unknown) => {
    change(content);
    return content;
  };
  const edited = (change: (content: Buffer) => unknown) => edit(Buffer.from(whole), change);
  const directory = whole.readUInt32LE(whole.length - 6);
  it.each([
    ["an empty file", Buffer.alloc(0), /got 0 bytes that are none; is the file cut off/],
    ["another format", Buffer.from("GIF89a"), /expected a zip archive of torch\.save, got 6 bytes/],
    ["a file that is cut off", whole.subarray(0, -1), /is the file cut off/],
    ["an archive of something else", zipOf({ "a/b.txt": text("b") }), /has no data\.pkl/],
    ["an empty archive", zipOf({}), /has no data\.pkl/],
    [
      "a directory beyond the file",
      edited((c) => c.writeUInt32LE(c.length, c.length - 6)),
      /is damaged: its directory is said to take/,
    ],
    [
      "more files than the directory lists",
      edited((c) => c.writeUInt16LE(99, c.length - 12)),
      /its directory is incomplete/,
    ],
    ["a directory of something else", edited((c) => c.writeUInt32LE(0, directory)), /its directory is incomplete/],
    [
      "a file that is not where the directory says",
      edited((c) => c.writeUInt32LE(7, directory + 42)),
      /byte 7 does not begin "model\/data\.pkl"/,
    ],
    ["an encrypted file", edited((c) => c.writeUInt16LE(1, directory + 8)), /"model\/data\.pkl" is encrypted/],
    ["a compressed file", edited((c) => c.writeUInt16LE(8, directory + 10)), /"model\/data\.pkl" is compressed/],
    ["a file of two sizes", edited((c) => c.writeUInt32LE(3, directory + 20)), /"model\/data\.pkl" has two sizes/],
    [
      "a file that ends beyond the directory",
      edited((c) => [20, 24].forEach((at) => c.writeUInt32LE(c.length - 40, directory + at))),
      /"model\/data\.pkl" is said to lie beyond byte/,
    ],
    [
      "big-endian numbers",
      zipOf({ "a/data.pkl": text("}."), "a/byteorder": text("big") }),
      /its numbers are big-endian/,
    ],
    [
      "a zip64 record that is elsewhere",
      edit(torchFileOf(two, { zip64: true }), (c) => c.writeUInt32LE(0, c.length - 98)),
      /does not begin its zip64 record/,
    ],
  ])("refuses %s", async (_, content, message) => {
    await expect(read(content)).rejects.toMatchObject({ code: "weights", message: expect.stringMatching(message) });
  });

  it("finds the end behind the longest comment, and nothing else for an end", async () => {
    const comment = Buffer.alloc(0xffff, "c");
    comment.write("PK\x05\x06", 100, "latin1"); // its own comment does not end where the file ends
    expect((await read(torchFileOf(two, { comment }))).size).toBe(2);
    const empty = Buffer.alloc(22);
    empty.write("PK\x05\x06", 0, "latin1");
    await expect(read(empty)).rejects.toThrow("has no data.pkl");
    await expect(read(Buffer.concat([Buffer.alloc(0xffff + 22), whole]).subarray(0, -1))).rejects.toThrow("cut off");
  });

  it("takes from zip64's field only what does not fit in 32 bits", async () => {
    const content = torchFileOf(two, { zip64: true });
    const record = content.indexOf("PK\x01\x02", 0, "latin1");
    const [nameBytes, extraBytes] = [28, 30].map((at) => content.readUInt16LE(record + at)) as [number, number];
    const field = record + 46 + nameBytes + 6; // behind a field of six bytes that is none of zip64's
    const size = content.readUInt32LE(field + 4);
    const offset = content.readUInt32LE(field + 20);
    for (const at of [20, 24]) content.writeUInt32LE(size, record + at);
    content.writeBigUInt64LE(BigInt(offset), field + 4);
    expect((await read(content)).size).toBe(2);
    expect(extraBytes).toBe(34);
    content.writeUInt16LE(9, field); // another kind
    await expect(read(content)).rejects.toThrow("its directory lacks the zip64 field of a large file");
  });

  it.each([
    ["no header", 0, 0],
    ["another method", 8, 8],
    ["a name of another length", 26, 3],
    ["another name", 30, 0x6e6e],
  ])("refuses a file whose own header has %s", async (_, at, value) => {
    const content = edited((c) => c.writeUInt16LE(value, at));
    await expect(read(content)).rejects.toThrow('byte 0 does not begin "model/data.pkl", as its directory says');
  });

  it("refuses a file whose own header puts its contents beyond the archive", async () => {
    const content = edited((c) => c.writeUInt16LE(0xffff, 28));
    await expect(read(content)).rejects.toThrow(/"model\/data\.pkl" ends at byte \d+, the file has \d+/);
  });

  it("refuses a directory that is larger than any checkpoint's", async () => {
    const content = Buffer.concat([Buffer.alloc(2 ** 24 + 1), whole.subarray(-22)]);
    content.writeUInt32LE(2 ** 24 + 1, content.length - 10);
    content.writeUInt32LE(0, content.length - 6);
    await expect(read(content)).rejects.toThrow("its directory is said to take the bytes 0 to 16777217");
    content.writeUInt32LE(2 ** 24, content.length - 10);
    await expect(read(content)).rejects.toThrow("its directory is incomplete");
  });

  it("refuses a record whose name runs out of the directory", async () => {
    const last = whole.lastIndexOf("PK\x01\x02", undefined, "latin1");
    const content = edited((c) => c.writeUInt16LE(200, last + 32));
    await expect(read(content)).rejects.toThrow("its directory is incomplete");
  });

  it("refuses an archive that names one file twice", async () => {
    const content = zipOf({ "a/x": text("1"), "a/y": text("2") });
    content.write("x", content.lastIndexOf("a/y") + 2);
    await expect(read(content)).rejects.toThrow('its directory has "a/x" twice');
  });
});

/** A file with this pickle and a storage "0" of six numbers. */
const withPickle = (...parts: Buffer[]) =>
  zipOf({ "a/data.pkl": Buffer.concat([bytes(0x80, 2), ...parts]), "a/data/0": FLOATS });

interface Tensor {
  type?: Buffer;
  key?: Buffer;
  size?: number;
  offset?: Buffer;
  dims?: Buffer;
  strides?: Buffer;
}
const tensorOf = ({ type = global("torch", "FloatStorage"), key = unicode("0"), size = 6, ...view }: Tensor = {}) => {
  const { offset = integer(0), dims = tuple([6]), strides = tuple([1]) } = view;
  const storage = [text("("), unicode("storage"), type, key, unicode("cpu"), integer(size), text("tQ")];
  const rest = [offset, dims, strides, bytes(0x89), text("NtR")];
  return Buffer.concat([global("torch._utils", "_rebuild_tensor_v2"), text("("), ...storage, ...rest]);
};
const dictOf = (value: Buffer) => withPickle(text("}"), unicode("w"), value, text("s."));

describe("readTorchFile, of pickles", () => {
  it("understands what a state dict is made of", async () => {
    const size = async (value: Buffer) => (await read(dictOf(value))).get("w")?.dims;
    expect(await size(tensorOf())).toEqual([6]);
    expect(await size(tensorOf({ dims: tuple([2, 1, 3]), strides: tuple([3, 99, 1]) }))).toEqual([2, 1, 3]);
    expect(await size(tensorOf({ dims: tuple([0, 3]), strides: tuple([99, 7]) }))).toEqual([0, 3]);
    const size3 = Buffer.concat([global("torch", "Size"), tuple([2, 3]), bytes(0x85), text("R")]);
    expect(await size(tensorOf({ dims: size3, strides: tuple([3, 1]) }))).toEqual([2, 3]);
    const pairs = withPickle(
      global("collections", "OrderedDict"),
      text("]]("),
      unicode("w"),
      tensorOf(),
      text("ea"),
      bytes(0x85),
      text("R."),
    );
    expect([...(await read(pairs)).keys()]).toEqual(["w"]);
  });

  it.each([
    [
      "an untyped storage",
      tensorOf({ type: global("torch.storage", "UntypedStorage") }),
      /w: type UntypedStorage is not supported/,
    ],
    [
      "a storage of another name",
      tensorOf({ type: global("torch", "FloatStorages") }),
      /asks for torch\.FloatStorages;/,
    ],
    ["a storage that is missing", tensorOf({ key: unicode("1") }), /w: its numbers, data\/1, are missing/],
    ["a storage by a number", tensorOf({ key: integer(0) }), /refers to something that is no storage/],
    [
      "a storage larger than its file",
      tensorOf({ size: 7 }),
      /w: its numbers do not hold \[6\] from element 0 on, of 7 in 24 bytes/,
    ],
    ["a tensor that begins too late", tensorOf({ offset: integer(1) }), /do not hold \[6\] from element 1 on, of 6/],
    ["a tensor that begins before", tensorOf({ offset: integer(-1) }), /without a proper storage, offset/],
    [
      "a shape whose product is beyond all numbers",
      tensorOf({ dims: tuple([2 ** 52, 2 ** 52]), strides: tuple([1, 1]) }),
      /do not hold/,
    ],
    [
      "more axes than strides",
      tensorOf({ dims: tuple([2, 3]) }),
      /without a proper storage, offset, shape and strides/,
    ],
    [
      "a fraction for a size",
      tensorOf({ dims: Buffer.concat([text("(G"), bytes(0x3f, 0xe0, 0, 0, 0, 0, 0, 0), text("t")]) }),
      /without a proper/,
    ],
    [
      "a tensor of nothing",
      Buffer.concat([global("torch._utils", "_rebuild_tensor_v2"), text(")R")]),
      /without a proper/,
    ],
    ["a number for a tensor", integer(5), /has a number under "w"; save it in Python with torch\.save/],
    ["text for a tensor", unicode("x"), /has a text under "w"/],
    ["nothing for a tensor", text("N"), /has None under "w"/],
    ["a dict for a tensor", text("}"), /has a dict under "w"/],
    ["a storage type for a tensor", global("torch", "FloatStorage"), /has a storage type under "w"/],
    ["eval", global("builtins", "eval"), /asks for builtins\.eval; a checkpoint needs no code/],
    ["a name of JavaScript", global("torch", "constructor"), /asks for torch\.constructor;/],
    [
      "a name that fills the screen",
      global("x\u001b[2J", "y".repeat(500)),
      /^a\.bin asks for x \[2J\.y{80,100}\.\.\.;/,
    ],
    ["a stacked global", Buffer.concat([unicode("os"), unicode("system"), bytes(0x93)]), /asks for os\.system;/],
    ["an instance", text("(ios\nsystem\n"), /asks for os\.system;/],
    [
      "an instance of something known",
      text("(icollections\nOrderedDict\n"),
      /makes an object of collections\.OrderedDict/,
    ],
    ["a call of a text", Buffer.concat([unicode("x"), text(")R")]), /calls something that is no function/],
    [
      "a call without arguments",
      Buffer.concat([global("collections", "OrderedDict"), text("NR")]),
      /without a tuple of arguments/,
    ],
    [
      "an OrderedDict of numbers",
      Buffer.concat([global("collections", "OrderedDict"), tuple([1]), bytes(0x85), text("R")]),
      /of something else than pairs/,
    ],
    ["a list with items", text("]NNs"), /sets items of something that is no dict/],
    ["a dict with a key and no value", text("}(Nu"), /sets items of something that is no dict/],
    ["a dict to append to", text("}Na"), /appends to something that is no list/],
    ["a value that was never put down", text("h\x07"), /takes up value 7, which it never put down/],
    ["an integer of many bytes", bytes(0x8b, 0, 1, 1, 0), /holds an integer of 65792 bytes/],
    ["a text that is not UTF-8", bytes(0x8c, 1, 0xff), /the text at byte \d+ is not UTF-8/],
    ["an extension", bytes(0x82, 1), /instruction 0x82 at byte \d+ is none that a state dict needs/],
    ["a mark without end", text("(("), /it takes more than it holds/],
  ])("refuses %s", async (_, value, message) => {
    await expect(read(dictOf(value))).rejects.toMatchObject({
      code: "weights",
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ["an empty pickle", text(""), /ends at byte 2, within a value/],
    ["more than there is", text("."), /takes more than it holds/],
    ["a list without a mark", text("t."), /takes more than it holds/],
    ["another protocol", bytes(0x80, 9), /of protocol 9; expected 2 to 5/],
    ["a name that is no text", Buffer.concat([text("}N"), tensorOf(), text("s.")]), /has None for a name/],
    ["an end within a text", bytes(0x8c, 200), /ends at byte 4, within a value; download the file again/],
    ["a line without end", text("ctorch"), /within a value/],
    ["a text as long as memory", bytes(0x8d, 0, 0, 0, 0, 0, 0, 0xff, 0x7f), /within a value/],
    ["dicts without end", text("}".repeat(2 ** 20)), /more than 1048576 instructions/],
  ])("refuses %s", async (_, pickle, message) => {
    await expect(read(withPickle(pickle))).rejects.toMatchObject({
      code: "weights",
      message: expect.stringMatching(message),
    });
  });

  it("takes up what it put down, by every instruction for it", async () => {
    const both = (put: Buffer, take: Buffer) =>
      withPickle(text("}("), unicode("w"), tensorOf(), put, unicode("v"), take, text("u."));
    for (const [put, take] of [
      [text("q\x05"), text("h\x05")],
      [bytes(0x72, 0, 1, 0, 0), bytes(0x6a, 0, 1, 0, 0)],
      [bytes(0x94), text("h\x00")],
    ] as const) {
      const tensors = await read(both(put, take));
      expect([...tensors.keys()]).toEqual(["w", "v"]);
      expect(tensors.get("v")).toEqual(tensors.get("w"));
    }
    const memoised = withPickle(
      text("}("),
      ...[
        unicode("w"),
        tensorOf(),
        bytes(0x94),
        unicode("v"),
        tensorOf({ dims: tuple([2, 3]), strides: tuple([3, 1]) }),
      ],
      ...[bytes(0x94), unicode("first"), text("h\x00"), unicode("second"), text("h\x01"), text("u.")],
    );
    const tensors = await read(memoised);
    expect(["first", "second"].map((name) => tensors.get(name)?.dims)).toEqual([[6], [2, 3]]);
  });

  it("reads texts of every length, tuples of every kind, booleans and frames", async () => {
    const frame = bytes(0x95, 200, 0, 0, 0, 0, 0, 0, 0);
    const long = "v".repeat(300);
    const longText = Buffer.concat([bytes(0x8d, 0x2c, 1, 0, 0, 0, 0, 0, 0), text(long)]);
    const sizes = Buffer.concat([integer(1), integer(2), integer(3), bytes(0x87)]);
    const strides = Buffer.concat([integer(6), integer(3), integer(1), bytes(0x87)]);
    const flat = Buffer.concat([integer(2), integer(3), bytes(0x86)]);
    const content = withPickle(
      ...[frame, text("}("), bytes(0x8c, 1), text("w"), tensorOf({ dims: sizes, strides })],
      ...[
        longText,
        tensorOf({ dims: flat, strides: Buffer.concat([integer(3), integer(1), bytes(0x86)]) }),
        text("u."),
      ],
    );
    const tensors = await read(content);
    expect(tensors.get("w")?.dims).toEqual([1, 2, 3]);
    expect(tensors.get(long)?.dims).toEqual([2, 3]);
    await expect(read(dictOf(bytes(0x88)))).rejects.toThrow('has a boolean under "w"');
    await expect(read(dictOf(bytes(0x89)))).rejects.toThrow('has a boolean under "w"');
    const half = Buffer.concat([text("G"), bytes(0x3f, 0xf8, 0, 0, 0, 0, 0, 0)]);
    await expect(read(dictOf(half))).rejects.toThrow('has a number under "w"');
  });

  it("reads parameters, state dicts within a record, and attributes that hang on them", async () => {
    const parameter = Buffer.concat([
      global("torch._utils", "_rebuild_parameter"),
      text("("),
      tensorOf(),
      bytes(0x88),
      text("NtR"),
    ]);
    expect((await read(dictOf(parameter))).get("w")?.dims).toEqual([6]);
    const dict = Buffer.concat([text("}"), unicode("w"), tensorOf(), text("s")]);
    const record = withPickle(text("}"), unicode("state_dict"), dict, text("}b"), text("s."));
    expect([...(await read(record)).keys()]).toEqual(["w"]);
  });

  it("refuses a pickle that is too large to be one of a state dict", async () => {
    const content = zipOf({ "a/data.pkl": new Uint8Array(2 ** 25 + 1) });
    await expect(read(content)).rejects.toThrow("a/data.pkl has 33554433 bytes; expected 33554432 at most");
  });

  it.each([
    ["BININT1", bytes(0x4b, 6), 6],
    ["BININT2", bytes(0x4d, 6, 1), 262],
    ["BININT", integer(70000), 70000],
    ["LONG1 of nothing", bytes(0x8a, 0), 0],
    ["LONG1", bytes(0x8a, 2, 0xff, 0), 255],
    ["LONG1 of 2^40", integer(2 ** 40), 2 ** 40],
    ["LONG4", bytes(0x8b, 1, 0, 0, 0, 6), 6],
    ["LONG1 below zero", bytes(0x8a, 1, 0xff), "without a proper storage"],
    ["BININT below zero", integer(-1), "without a proper storage"],
    ["LONG1 beyond 2^53", bytes(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 1), "without a proper storage"],
  ])("reads integers: %s", async (_, offset, expected) => {
    const message = typeof expected === "string" ? expected : `from element ${expected} on`;
    await expect(read(dictOf(tensorOf({ offset, dims: tuple([7]) })))).rejects.toThrow(message);
  });
});
