import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const assets = fileURLToPath(new URL("../dist/assets/", import.meta.url));

it("the page's scripts, the Worker's among them, take at most 250 kB after gzip", () => {
  const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
  const sizes = scripts.map((name) => gzipSync(readFileSync(`${assets}${name}`)).length);
  expect(scripts.some((name) => name.startsWith("worker-thread"))).toBe(true);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(250_000);
});
