import type { Browser, BrowserContext, Page } from "playwright-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { findChromium, launchChromium } from "../../../../packages/unclip/test/contract/browser.js";
import { serve } from "../../../../packages/unclip/test/contract/server.js";

/** Far more than anything here takes: two cores may have much else to do. */
export const MOST_MS = 300_000;

export const chromium = findChromium();
if (chromium === undefined) {
  const reason = "no Chromium found; install it or set CHROMIUM_PATH";
  it.skipIf(!process.env["CI"])(`the page (skipped: ${reason})`, () => expect.fail(reason));
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type ContextOptions = Parameters<Browser["newContext"]>[0];

/** The built page on a plain file server, and a browser. */
export interface Site {
  readonly browser: Browser;
  readonly address: string;
  /** Requests that left the server. */
  readonly away: ReadonlySet<string>;
  /** Errors that nobody caught. */
  readonly problems: readonly string[];
  /** Opens the page as a visitor who was never here. */
  visit(options?: ContextOptions, address?: string): Promise<{ context: BrowserContext; page: Page }>;
  watch(page: Page): void;
  /** Ends the server alone. */
  goOffline(): void;
  close(): Promise<void>;
}

/** Serves the built page from a folder: no headers, no parts of files. */
export async function openSite(device: "wasm" | "webgpu" = "wasm"): Promise<Site> {
  const { url, server } = await serve({ "some-folder": fileURLToPath(new URL("../../dist/", import.meta.url)) }, {});
  const address = `${url}/some-folder/index.html`;
  const browser = await launchChromium(chromium!, device);
  const [problems, away]: [string[], Set<string>] = [[], new Set()];
  function watch(page: Page) {
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (/^https?:$/.test(protocol) && origin !== url) away.add(request.url());
    });
  }
  const goOffline = () => {
    server.close();
    server.closeAllConnections();
  };
  return {
    browser,
    address,
    away,
    problems,
    watch,
    goOffline,
    async visit(options = {}, place = address) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      context.setDefaultTimeout(MOST_MS / 2);
      const page = await context.newPage();
      watch(page);
      await page.goto(place);
      await page.getByText(/is ready|cannot be loaded/).waitFor({ state: "attached" });
      return { context, page };
    },
    async close() {
      await browser.close();
      goOffline();
    },
  };
}

export const captionOf = (page: Page) => page.getByRole("textbox", { name: "Caption", exact: true });

/** Fills the form so that painting is quick. */
export async function fill(page: Page, caption: string, size = "32 × 32") {
  await captionOf(page).fill(caption);
  await page.getByRole("combobox", { name: "Size" }).selectOption({ label: size });
  if (!(await page.getByLabel("Prior steps").isVisible())) await page.getByText("Advanced").click();
  await page.getByLabel("Prior steps").fill("4");
  await page.getByLabel("Decoder steps").fill("6");
}

/** A finished job by its title. */
export const done = (page: Page, title: string | RegExp) =>
  page.locator("article.done", { has: page.getByRole("heading", { name: title, exact: true }) }).first();

/** The picture of a canvas, without its alpha. */
export async function pixelsOf(page: Page, label: string | RegExp): Promise<number[]> {
  return page
    .getByRole("img", { name: label, exact: true })
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return [...data].filter((_, i) => i % 4 < 3);
    });
}

/** The share of values that differ by more than `most`. */
export function shareOff(actual: readonly number[], expected: ArrayLike<number>, most: number): number {
  expect(actual.length).toBe(expected.length);
  return actual.filter((byte, i) => Math.abs(byte - expected[i]!) > most).length / actual.length;
}

/** What axe finds on a page, in light and dark. */
export async function findings(page: Page): Promise<unknown[]> {
  const found: unknown[] = [];
  await page.addScriptTag({ content: axe });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" }); // colours do not glide
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const here = await page.evaluate(async () => {
      const { violations } = await (
        window as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
        }
      ).axe.run();
      return violations.map(({ id, nodes }) => [
        id,
        ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
      ]);
    });
    found.push(...here.map((one) => [colorScheme, ...one]));
  }
  return found;
}

/** Whether a page is wider than its window. */
export async function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
}
