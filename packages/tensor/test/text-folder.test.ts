import { readJson, readText, type TextFolder } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const files: Record<string, string> = { "prior/config.json": '{"layers": 2}', "prior/list.json": "[1]" };
const folder: TextFolder = {
  name: "/models/karlo",
  has: async (path) => path in files,
  text: async (path) => files[path]!,
};

describe("a folder of texts", () => {
  it("is read", async () => {
    expect(await readText(folder, "prior/list.json")).toBe("[1]");
    expect(await readJson(folder, "prior/config.json")).toEqual({ layers: 2 });
  });

  it("says what is missing", async () => {
    const message =
      "/models/karlo: decoder/config.json is missing; expected a complete model folder in the diffusers layout";
    await expect(readText(folder, "decoder/config.json")).rejects.toThrow(message);
    await expect(readJson(folder, "decoder/config.json")).rejects.toThrow(message);
    await expect(readJson(folder, "decoder/config.json")).rejects.toMatchObject({ code: "config" });
  });

  it("names a file that is no record", async () => {
    await expect(readJson(folder, "prior/list.json")).rejects.toThrow(
      "/models/karlo/prior/list.json: expected a JSON object, got an array",
    );
  });
});
