import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { toybox as nodeFolder } from "../src/node.js";
import { toybox as webFiles } from "../src/web.js";

const folder = fileURLToPath(nodeFolder);
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const sizeBytes = (names: readonly string[]) => names.reduce((sum, name) => sum + statSync(name).size, 0);
const paths = files.map((file) => join(file.parentPath, file.name));

describe("the shipped model", () => {
  it("is a folder as diffusers' UnCLIPPipeline saves it", () => {
    const index = JSON.parse(readFileSync(join(folder, "model_index.json"), "utf8")) as Record<string, unknown>;
    expect(index["_class_name"]).toBe("UnCLIPPipeline");
    for (const [name, entry] of Object.entries(index)) {
      if (Array.isArray(entry)) expect(statSync(join(folder, name)).isDirectory(), name).toBe(true);
    }
  });

  it("is small enough to ship: weights of 25 MB at most", () => {
    const weights = paths.filter((path) => path.endsWith(".safetensors"));
    expect(weights.length).toBeGreaterThanOrEqual(7);
    expect(sizeBytes(weights)).toBeLessThanOrEqual(25e6);
  });

  it("holds half-precision weights and nothing that is not read", () => {
    for (const path of paths) expect(path).toMatch(/\.(json|txt|safetensors)$/);
    const half = readFileSync(join(folder, "decoder/diffusion_pytorch_model.safetensors"));
    const header = half.subarray(8, 8 + Number(half.readBigUInt64LE(0))).toString();
    expect(new Set([...header.matchAll(/"dtype":\s*"(\w+)"/g)].map(([, dtype]) => dtype))).toEqual(new Set(["F16"]));
  });

  it("is listed for bundlers as it is; `node list-files.mjs` writes the list anew", () => {
    const listed = webFiles.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 }));
    const found = paths.map((path) => {
      const bytes = readFileSync(path);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { path: relative(folder, path).replaceAll("\\", "/"), sizeBytes: bytes.length, sha256 };
    });
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    expect(listed).toEqual(found.sort(byPath));
    for (const { path, url } of webFiles) expect(fileURLToPath(url)).toBe(join(folder, path));
  });
});
