import { pictureFromText, tensor, tensorFromText, textFromPicture, textFromTensor, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const x = tensor(Float32Array.of(1, -0.1, 3e-40, Infinity, 0.5, 2), [3, 2]);

describe("a tensor as text", () => {
  it("is base64 of its float32 values, little-endian", () => {
    expect(textFromTensor(tensor(Float32Array.of(1, -2), [2]))).toBe("AACAPwAAAMA=");
  });

  it("comes back bit by bit, in the shape that is asked for", () => {
    for (const dims of [
      [3, 2],
      [6, 1],
      [1, 2, 3],
    ]) {
      const back = tensorFromText(textFromTensor(x), dims, "xT");
      expect(back.dims).toEqual(dims);
      expect(valuesOf(back)).toEqual(valuesOf(x));
    }
  });

  it("comes back with as many rows as there are", () => {
    expect(tensorFromText(textFromTensor(x), [-1, 2], "xT").dims).toEqual([3, 2]);
    expect(tensorFromText(textFromTensor(x), [-1, 3], "xT").dims).toEqual([2, 3]);
  });

  it.each([
    ["another number of rows", textFromTensor(x), [2, 2], "float32 values [N, 2] in base64, got 24 bytes"],
    ["rows that are not whole", textFromTensor(x), [-1, 4], "float32 values [N, 4] in base64, got 24 bytes"],
    ["no rows", "", [-1, 4], "float32 values [N, 4] in base64, got 0 bytes"],
    ["what is no base64", "%", [-1, 4, 2], "float32 values [N, 4, 2] in base64, got something else"],
    ["no text", 7, [1, 4], "float32 values [N, 4] in base64, got something else"],
    ["nothing", undefined, [1, 4], "float32 values [N, 4] in base64, got something else"],
  ])("refuses %s", (_, text, dims, message) => {
    const read = () => tensorFromText(text, dims, "decoder.start.xT");
    expect(read).toThrow(`decoder.start.xT: expected ${message}`);
    expect(read).toThrow(expect.objectContaining({ code: "input" }));
  });
});

describe("a picture as text", () => {
  const picture = { width: 2, height: 1, data: Uint8Array.of(0, 1, 2, 253, 254, 255) };

  it("is base64 of its bytes, and comes back", () => {
    expect(textFromPicture(picture)).toBe("AAEC/f7/");
    expect(pictureFromText("AAEC/f7/", { width: 2, height: 1 }, "depth")).toEqual(picture);
  });

  it.each([
    ["AAEC", "3 bytes"],
    ["%", "something else"],
    [7, "something else"],
  ])("refuses %j", (text, got) => {
    const read = () => pictureFromText(text, { width: 2, height: 1 }, "depth");
    expect(read).toThrow(`depth: expected a picture of 2 x 1 in base64, got ${got}`);
    expect(read).toThrow(expect.objectContaining({ code: "input" }));
  });
});
