import { createRequire } from "node:module";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { root } from "./setup.mjs";

/* How long the built web page takes to its first picture, on this machine: from a cold cache, and again with a warm one.
 *   node scripts/web-timing.mjs
 * The time runs from the opening of the page to the finished picture, with the model's own steps, in headless Chromium on WebAssembly. */

const web = join(root, "apps", "web");
const require = createRequire(join(web, "package.json"));
const importOf = (name) => import(pathToFileURL(require.resolve(name)).href);
const { chromium } = (await importOf("playwright-core")).default;
const { preview } = await importOf("vite");

const SIZES = ["32 × 32", "512 × 512"];

/** Milliseconds from the opening of the page to the picture. */
async function toPicture(page, address, size) {
  const start = performance.now();
  await page.goto(address);
  await page.getByRole("combobox", { name: "Size" }).selectOption({ label: size });
  await page.getByRole("button", { name: "Paint", exact: true }).click();
  await page.locator("article.done, article.failed").first().waitFor();
  const ms = performance.now() - start;
  if ((await page.locator("article.failed").count()) > 0) throw new Error(await page.locator("article").innerText());
  return ms;
}

const server = await preview({ root: web, logLevel: "silent", preview: { port: 0, host: "127.0.0.1" } });
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  for (const size of SIZES) {
    const context = await browser.newContext();
    context.setDefaultTimeout(300_000);
    const page = await context.newPage();
    for (const cache of ["cold", "warm"]) {
      const ms = await toPicture(page, server.resolvedUrls.local[0], size);
      process.stdout.write(`${size}, ${cache} cache: ${(ms / 1000).toFixed(1)} s\n`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
