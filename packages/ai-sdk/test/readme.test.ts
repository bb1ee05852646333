import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPngTexts } from "unclip";
import { afterAll, expect, it } from "vitest";

const generated = fileURLToPath(new URL("./.readme/", import.meta.url));
const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "unclip-ai-sdk-"));

afterAll(() => {
  process.chdir(home);
  for (const path of [generated, folder]) rmSync(path, { recursive: true, force: true });
});

it("has an example that paints", async () => {
  const page = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, code] = /^```js\n([\s\S]*?)^```/m.exec(page)!;
  mkdirSync(generated, { recursive: true });
  writeFileSync(join(generated, "example.js"), code!);
  process.chdir(folder); // the example writes a file
  await import(join(generated, "example.js"));
  const texts = readPngTexts(readFileSync(join(folder, "picture.png")), "picture.png");
  expect(texts["unclip"]).toContain("a red cube on top of a blue sphere");
}, 60_000);
