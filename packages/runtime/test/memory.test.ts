import { describe, expect, it } from "vitest";
import { checkFits, withinMemory } from "../src/web/memory.js";

const failing = (error: unknown) => async () => {
  throw error;
};

describe("the memory of a browser", () => {
  it("holds less than 4 GiB of weights", () => {
    expect(() => checkFits("decoder", 2 ** 32 - 1)).not.toThrow();
    expect(() => checkFits("decoder", 2 ** 32)).toThrow(
      "decoder: its weights take 4.3 GB, a browser's WebAssembly has 4.3 GB; take a smaller model",
    );
  });

  it("that is refused is said with the size", async () => {
    const refusals = [
      new RangeError("Array buffer allocation failed"),
      new Error("std::bad_alloc"),
      new DOMException("The requested file could not be read", "NotReadableError"),
    ];
    for (const refusal of refusals) {
      await expect(withinMemory("prior", 1.5e9, failing(refusal))).rejects.toMatchObject({
        code: "session",
        message: expect.stringMatching(/^prior: its weights take 1\.5 GB, and this browser does not give that much/),
        cause: refusal,
      });
    }
  });

  it("does not explain other failures", async () => {
    const other = new Error("no such operator");
    await expect(withinMemory("prior", 1, failing(other))).rejects.toBe(other);
    await expect(withinMemory("prior", 1, async () => 5)).resolves.toBe(5);
  });
});
