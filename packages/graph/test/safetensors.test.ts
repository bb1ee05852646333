import { parseSafetensorsHeader, readSafetensors } from "@unclip/graph";
import { describe, expect, it } from "vitest";

const encode = (header: unknown) =>
  new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
const parse = (header: unknown, dataBytes: number) => {
  const bytes = header instanceof Uint8Array ? header : encode(header);
  return parseSafetensorsHeader(bytes, 8 + bytes.length + dataBytes, "a.safetensors");
};
const tensorOf = (from: number, to: number, shape: unknown = [2], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe("parseSafetensorsHeader", () => {
  it("gives offsets from the start of the file", () => {
    const header = {
      __metadata__: { format: "pt" },
      b: tensorOf(8, 12, [1, 2], "F16"),
      a: tensorOf(0, 8),
      scalar: tensorOf(12, 16, []),
    };
    const start = 8 + encode(header).length;
    const entries = parse(header, 16);
    expect(entries.get("a")).toEqual({ type: "F32", dims: [2], offset: start, sizeBytes: 8 });
    expect(entries.get("b")).toEqual({ type: "F16", dims: [1, 2], offset: start + 8, sizeBytes: 4 });
    expect(entries.get("scalar")).toEqual({ type: "F32", dims: [], offset: start + 12, sizeBytes: 4 });
    expect(entries.size).toBe(3);
  });

  it.each([
    [
      "a file that is cut off",
      { a: tensorOf(0, 8) },
      7,
      /a: ends at byte \d+, the file has \d+; it is cut off, download it again/,
    ],
    ["a file that goes on", { a: tensorOf(0, 8) }, 9, /the tensors end at byte \d+, the file has \d+/],
    [
      "a shape that does not fit its bytes",
      { a: tensorOf(0, 12) },
      12,
      /a: \[2\] of F32 takes 8 bytes, the header gives 0 to 12/,
    ],
    [
      "an overlap",
      { a: tensorOf(0, 8), b: tensorOf(4, 12) },
      12,
      /b begins at byte \d+, expected \d+; the header is wrong/,
    ],
    ["a hole", { a: tensorOf(0, 8), b: tensorOf(12, 20) }, 20, /b begins at byte \d+, expected \d+/],
    [
      "an unknown type",
      { a: tensorOf(0, 8, [2], "F8_E4M3") },
      8,
      /a: type F8_E4M3 is not supported; expected one of F32, F16, BF16/,
    ],
    ["half a character", { "a\ud800": tensorOf(0, 8) }, 8, /a name that is no text: a $/],
    ["a list of types", { a: tensorOf(0, 8, [2], ["F32"] as never) }, 8, /a: type \["F32"\] is not supported/],
    [
      "a type that is no text",
      { a: tensorOf(0, 8, [2], { toString: 1 } as never) },
      8,
      /a: type \{"toString":1\} is not/,
    ],
    ["a type of JavaScript", { a: tensorOf(0, 8, [2], "constructor") }, 8, /a: type constructor is not supported/],
    ["no type", { a: { shape: [2], data_offsets: [0, 8] } }, 8, /a: type nothing is not supported/],
    ["a tensor that is null", { a: null }, 0, /a: type nothing is not supported/],
    ["metadata that are no texts", { __metadata__: { step: 3 } }, 0, /expected texts by name in __metadata__/],
    ["metadata in a list", { __metadata__: ["pt"] }, 0, /expected texts by name in __metadata__/],
    ["metadata in a text", { __metadata__: "pt" }, 0, /expected texts by name in __metadata__/],
    ["text that is not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 0, /the text is not UTF-8/],
    [
      "a name that is there twice",
      '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      0,
      /expected each key once, got 2 keys of which 1 differ/,
    ],
    ["numbers of Python", '{"a":Infinity}', 0, /not valid JSON/],
    [
      "a header nested without end",
      `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      0,
      /127 levels deep at most, got 5001/,
    ],
    [
      "a name that fills the screen",
      { ["\u001b[2J" + "x".repeat(500)]: null },
      0,
      / \[2Jx{80,100}\.\.\.: type nothing/,
    ],
    ["negative offsets", { a: tensorOf(-8, 0) }, 8, /no proper shape and data_offsets/],
    ["a shape that is no list", { a: tensorOf(0, 8, "2") }, 8, /no proper shape and data_offsets/],
    ["no offsets", { a: { dtype: "F32", shape: [2] } }, 8, /no proper shape and data_offsets/],
    ["something else than JSON", "{nonsense", 8, /a.safetensors \(header\): not valid JSON/],
    ["something else than an object", "[1]", 8, /a.safetensors \(header\): expected a JSON object, got an array/],
  ])("refuses %s", (_, header, dataBytes, message) => {
    expect(() => parse(header, dataBytes)).toThrow(message);
  });
});

describe("readSafetensors", () => {
  const prefix = (length: bigint) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };
  const read = (content: Uint8Array, sizeBytes = content.length) =>
    readSafetensors({ where: "a.safetensors", sizeBytes, bytes: async (start, end) => content.subarray(start, end) });

  it("reads the header and nothing behind it", async () => {
    const header = encode({ a: tensorOf(0, 8) });
    const content = Buffer.concat([prefix(BigInt(header.length)), header]);
    expect((await read(content, content.length + 8)).get("a")).toEqual({
      type: "F32",
      dims: [2],
      offset: content.length,
      sizeBytes: 8,
    });
  });

  it.each([
    ["an empty file", new Uint8Array(0), 0, /the file has only 0 bytes/],
    ["a header beyond the file", prefix(1000n), 900, /the header needs 1000 bytes, the file has 900; it is cut off/],
    ["another format", prefix(2n ** 60n), 900, /claims 1152921504606847000 bytes, which no safetensors file has/],
  ])("refuses %s", async (_, content, size, message) => {
    await expect(read(content, size)).rejects.toThrow(message);
  });
});
