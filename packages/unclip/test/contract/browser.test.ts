import { build } from "esbuild";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { saveWithTorch } from "../../../../test-support/torch-folder.js";
import { findChromium, launchChromium } from "./browser.js";
import { serve } from "./server.js";
import { cases, longCases, TORCH_FOLDERS } from "./suite.js";

const chromium = findChromium();

/** The suite as one script for browsers. */
async function bundlePage(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL("./page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["@unclip/source"],
    logLevel: "error",
  });
  return result.outputFiles[0]!.text;
}

if (chromium === undefined) {
  const reason = "no Chromium found; install it or set CHROMIUM_PATH";
  it.skipIf(!process.env["CI"])(`contract of a platform: Chromium (skipped: ${reason})`, () => expect.fail(reason));
}

describe.skipIf(chromium === undefined).each(["wasm", "webgpu"] as const)(
  "contract of a platform: Chromium on %s",
  (device) => {
    let server: Server;
    let browser: Browser;
    let page: Page;
    let torch: string;

    beforeAll(async () => {
      const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
      const pages = {
        "/": `<!doctype html><script type="module" src="/page.js"></script>`,
        "/page.js": await bundlePage(),
      };
      torch = await mkdtemp(join(tmpdir(), "unclip-contract-"));
      for (const folder of TORCH_FOLDERS) await saveWithTorch(fixturePath(folder), join(torch, folder));
      const served = await serve({ fixtures: fixturePath(""), torch, "": ort }, pages);
      server = served.server;
      browser = await launchChromium(chromium!, device);
      page = await browser.newPage();
      await page.goto(`${served.url}/?device=${device}`);
      await page.waitForFunction(() => "runCase" in window);
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
      await rm(torch, { recursive: true, force: true });
    });

    for (const name of Object.keys(device === "wasm" ? { ...cases, ...longCases } : cases)) {
      it(name, () => page.evaluate((which) => window.runCase(which), name));
    }
  },
);
