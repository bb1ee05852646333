import { checkAborted, isUnclipError, UnclipError } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

describe("UnclipError", () => {
  it("has a name, a code, a message and a cause", () => {
    const cause = new Error("deeper");
    const error = new UnclipError("shape", "x: expected [1]", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "UnclipError", code: "shape", message: "x: expected [1]", cause });
  });
});

describe("isUnclipError", () => {
  it("knows one by its name, from whichever copy of the package", () => {
    expect(isUnclipError(new UnclipError("input", "x"))).toBe(true);
    expect(isUnclipError({ name: "UnclipError", code: "input", message: "x" })).toBe(true);
  });

  it("knows its code", () => {
    const error = new UnclipError("input", "x");
    expect(isUnclipError(error, "input")).toBe(true);
    expect(isUnclipError(error, "config")).toBe(false);
  });

  it.each([new Error("x"), undefined, null, "UnclipError", 7, {}, () => "UnclipError"])("is false for %s", (error) => {
    expect(isUnclipError(error)).toBe(false);
  });

  it("is false for a function that is called so", () => {
    expect(isUnclipError({ UnclipError: () => undefined }.UnclipError)).toBe(false);
  });
});

describe("checkAborted", () => {
  it("does nothing without a signal, or before it fires", () => {
    checkAborted(undefined, "decoder");
    checkAborted(new AbortController().signal, "decoder");
  });

  it("throws when the signal has fired, with its reason", () => {
    const check = () => checkAborted(AbortSignal.abort("enough"), "decoder: step 2 of 5");
    expect(check).toThrow(/^decoder: step 2 of 5: stopped on request$/);
    expect(check).toThrow(expect.objectContaining({ code: "aborted", cause: "enough" }));
  });
});
