import { tensor, UnclipError } from "@unclip/tensor";
import { isUnclipError } from "unclip/worker";
import { describe, expect, it } from "vitest";
import { errorFrom, fromPlain, plainError, toPlain } from "../../src/worker/protocol.js";

describe("an error that is posted", () => {
  it("keeps its code, words, stack and the text of its cause", () => {
    const error = new UnclipError("session", "decoder: cannot run", { cause: new Error("no memory") });
    const plain = plainError(error);
    expect(structuredClone(plain)).toEqual({
      code: "session",
      name: "UnclipError",
      message: "decoder: cannot run",
      stack: error.stack,
      cause: "Error: no memory",
      isFatal: false,
    });
    const back = errorFrom(plain);
    expect(isUnclipError(back, "session")).toBe(true);
    expect(back).toMatchObject({ message: error.message, stack: error.stack, cause: "Error: no memory" });
  });

  it("that is none of ours keeps its name", () => {
    const back = errorFrom(plainError(new TypeError("x is no function")));
    expect(isUnclipError(back)).toBe(false);
    expect(back).toMatchObject({ name: "TypeError", message: "x is no function" });
    expect(plainError(new TypeError("x"))).not.toHaveProperty("code");
    expect(plainError(new TypeError("x"))).not.toHaveProperty("cause");
  });

  it("may be anything that was thrown", () => {
    expect(plainError("odd")).toMatchObject({ name: "Error", message: "odd", isFatal: false });
    const { stack: _, ...stackless } = plainError("odd");
    expect(errorFrom(stackless)).toMatchObject({ message: "odd", stack: expect.stringContaining("odd") });
  });

  it.each([
    [Object.assign(new Error("unreachable executed"), { name: "RuntimeError" }), true],
    [Object.assign(new Error("table index"), { name: "RuntimeError" }), true],
    [new Error("Aborted(OOM). Build with -sASSERTIONS"), true],
    [new Error("memory access out of bounds"), true],
    [new Error("unreachable"), true],
    [new UnclipError("session", "decoder: cannot run", { cause: new Error("Aborted()") }), true],
    [new UnclipError("aborted", "decoder: Aborted by the caller"), false],
    [new Error("out of memory"), false],
  ])("is fatal where WebAssembly crashed, itself or as a cause: %s", (error, isFatal) => {
    expect(plainError(error).isFatal).toBe(isFatal);
  });
});

describe("a result that is posted", () => {
  const embedding = tensor(Float32Array.of(1, 2), [1, 2]);
  const data = Uint8Array.of(1, 2, 3);
  const result = {
    images: [{ width: 1, height: 1, data }],
    imageEmbedding: embedding,
    values: Float64Array.of(0.5),
    warnings: ["cut"],
    seed: 0,
    nothing: null,
  };

  it("comes back the same, tensors with their methods", async () => {
    const { plain } = toPlain(result);
    const back = fromPlain(structuredClone(plain)) as typeof result;
    expect(back).toEqual(result);
    expect(await back.imageEmbedding.getData()).toEqual(embedding.data);
    for (const value of [undefined, null, 5, "text"]) expect(fromPlain(toPlain(value).plain)).toBe(value);
  });

  it("hands bytes of pictures over, and copies tensors", () => {
    const { plain, transfer } = toPlain(result);
    const copy = (plain as { imageEmbedding: { data: Float32Array } }).imageEmbedding.data;
    expect(copy.buffer).not.toBe((embedding.data as Float32Array).buffer);
    expect(transfer).toEqual([data.buffer, copy.buffer]);
    structuredClone(plain, { transfer });
    expect(data.length).toBe(0);
    expect([...(embedding.data as Float32Array)]).toEqual([1, 2]);
  });

  it("hands a buffer over once", () => {
    const twice = { a: { width: 1, height: 1, data: Uint8Array.of(1) } };
    const { transfer } = toPlain([twice, twice]);
    expect(transfer.length).toBe(1);
  });
});
