import { build } from "esbuild";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { findChromium, launchChromium } from "./browser.js";
import { serve } from "./server.js";
import { cases } from "./suite.js";

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

    beforeAll(async () => {
      const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
      const pages = {
        "/": `<!doctype html><script type="module" src="/page.js"></script>`,
        "/page.js": await bundlePage(),
      };
      const served = await serve({ fixtures: fixturePath(""), "": ort }, pages);
      server = served.server;
      browser = await launchChromium(chromium!, device);
      page = await browser.newPage();
      await page.goto(`${served.url}/?device=${device}`);
      await page.waitForFunction(() => "runCase" in window);
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    for (const name of Object.keys(cases)) {
      it(name, () => page.evaluate((which) => window.runCase(which), name));
    }
  },
);
