import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { loadUnclip, type Picture } from "unclip";
import type { UnclipWorker } from "unclip/worker";
import { build, createServer, preview } from "vite";
import webpack, { type Stats } from "webpack";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchChromium } from "../contract/browser.js";
import { serve } from "../contract/server.js";
import { createPackedProject } from "./packed-project.js";

/* The page of the README, made by bundlers of the packages as they are published, paints toybox in a real browser. */

const chromium = findChromium();
if (chromium === undefined) {
  const reason = "no Chromium found; install it or set CHROMIUM_PATH";
  it.skipIf(!process.env["CI"])(`pages of bundlers (skipped: ${reason})`, () => expect.fail(reason));
}

/** Far more than a page takes: two cores may have much else to do. */
const MOST_MS = 300_000;

declare global {
  interface Window {
    readonly unclip: UnclipWorker;
  }
}

/** With these a page may have threads. */
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** A page that is served. */
interface Served {
  readonly url: string;
  close(): Promise<unknown>;
}

describe.skipIf(chromium === undefined)("a page from packed tarballs and the README", { timeout: 2 * MOST_MS }, () => {
  let project: string;
  let browser: Browser;
  let expected: Picture;

  beforeAll(async () => {
    project = createPackedProject();
    browser = await launchChromium(chromium!);
    const unclip = await loadUnclip();
    const { images } = await unclip.generate("a red cube on top of a blue sphere", { seed: 7, upsamplers: 1 });
    expected = images[0]!;
    await unclip.dispose();
  }, MOST_MS);
  afterAll(async () => {
    await browser?.close();
    if (project !== undefined) rmSync(project, { recursive: true, force: true });
  });

  /** Opens the page, and waits until it has painted. */
  async function paint(
    { url }: Served,
    where: (page: Awaited<ReturnType<Browser["newPage"]>>) => Promise<void> = async () => {},
  ) {
    const page = await browser.newPage();
    const problems: string[] = [];
    const away = new Set<string>();
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin)
        away.add(request.url());
    });
    await page.goto(url);
    await page
      .waitForFunction(() => document.title === "painted", undefined, { timeout: MOST_MS })
      .catch((error: unknown) => problems.push(String(error)));
    expect(problems).toEqual([]);
    expect([...away]).toEqual([]);
    const rgba = await page.evaluate(() => {
      const { width, height } = document.querySelector("canvas")!;
      return [...document.querySelector("canvas")!.getContext("2d")!.getImageData(0, 0, width, height).data];
    });
    const rgb = rgba.filter((_, i) => i % 4 < 3);
    expect(rgb.length).toBe(expected.data.length);
    // WebAssembly sums in another order than Node does, and every step carries the difference on.
    const off = rgb.filter((byte, i) => Math.abs(byte - expected.data[i]!) > 2).length;
    expect(off).toBeLessThanOrEqual(0.01 * rgb.length);
    await where(page);
    await page.close();
  }

  it("is served by Vite's development server", async () => {
    const fs = { strict: false }; // what is linked from the workspace lies outside of the project
    const server = await createServer({
      root: project,
      logLevel: "silent",
      server: { port: 0, host: "127.0.0.1", fs },
    });
    await server.listen();
    try {
      await paint({ url: server.resolvedUrls!.local[0]!, close: () => server.close() });
    } finally {
      await server.close();
    }
  });

  it("is built by Vite", async () => {
    await build({ root: project, logLevel: "silent", base: "./" });
    const server = await preview({ root: project, logLevel: "silent", preview: { port: 0, host: "127.0.0.1" } });
    try {
      await paint({ url: server.resolvedUrls!.local[0]!, close: () => server.close() }, async (page) => {
        const [aborted, restarted, again] = await page.evaluate(async () => {
          const codeOf = (work: PromiseLike<unknown>) =>
            Promise.resolve(work).then(
              () => "done",
              (error: { code?: string }) => String(error.code),
            );
          const run = window.unclip.generate("a green cone", { upsamplers: 0, signal: AbortSignal.timeout(50) });
          const stopped = await codeOf(run);
          const second = codeOf(window.unclip.generate("a green cone", { upsamplers: 0 }));
          setTimeout(() => window.unclip.restart(), 50);
          const small = { upsamplers: 0, prior: { steps: 2 }, decoder: { steps: 2 } };
          return [stopped, await second, await codeOf(window.unclip.generate("a green cone", small))];
        });
        expect([aborted, restarted, again]).toEqual(["aborted", "aborted", "done"]);
      });
    } finally {
      await server.close();
    }
  });

  /** Paints from a folder, on an isolated page with threads and on another. */
  async function paintFrom(folder: string) {
    for (const headers of [{}, ISOLATED]) {
      const { url, server } = await serve({ "": folder }, {}, headers);
      try {
        const page = { url: `${url}/index.html`, close: async () => server.close() };
        await paint(page, async (opened) => {
          const { threads } = await opened.evaluate(() => window.unclip.load());
          expect(threads).toBe(headers === ISOLATED ? Math.min(cpus().length, 4) : 1);
        });
      } finally {
        server.close();
      }
    }
  }

  it("is built by esbuild, and served by a server that sends no parts of files", async () => {
    execFileSync(process.execPath, ["build.mjs"], { cwd: project });
    await paintFrom(join(project, "www"));
  });

  it("is built by webpack without any setting", async () => {
    const folder = join(project, "webpack");
    const compiler = webpack({
      context: project,
      mode: "production",
      entry: "./main.js",
      output: { path: folder, filename: "main.js" },
      performance: { hints: false },
    })!;
    const stats = await new Promise<Stats>((done, fail) =>
      compiler.run((error, result) => (error ? fail(error) : done(result!))),
    );
    expect(stats.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
    copyFileSync(join(project, "index.html"), join(folder, "index.html"));
    await paintFrom(folder);
  });
});
