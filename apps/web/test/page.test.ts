import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { loadUnclip, readPngTexts, type Picture } from "unclip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchChromium } from "../../../packages/unclip/test/contract/browser.js";
import { serve } from "../../../packages/unclip/test/contract/server.js";
import { fixturePath } from "../../../test-support/index.js";

/* The built page in a real browser, from a folder of a plain file server: no headers, no parts of files. */

const chromium = findChromium();
if (chromium === undefined) {
  const reason = "no Chromium found; install it or set CHROMIUM_PATH";
  it.skipIf(!process.env["CI"])(`the page (skipped: ${reason})`, () => expect.fail(reason));
}

/** Far more than anything here takes: two cores may have much else to do. */
const MOST_MS = 300_000;

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(chromium === undefined)("the page", { timeout: MOST_MS }, () => {
  let server: Server;
  let browser: Browser;
  let address: string;
  const problems: string[] = [];
  const away = new Set<string>();

  beforeAll(async () => {
    const served = await serve({ "some-folder": fileURLToPath(new URL("../dist/", import.meta.url)) }, {});
    server = served.server;
    address = `${served.url}/some-folder/index.html`;
    browser = await launchChromium(chromium!);
  }, MOST_MS);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens the page as a visitor who was never here. */
  async function visit(options: Parameters<Browser["newContext"]>[0] = {}, link = address) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(MOST_MS / 2);
    const page = await context.newPage();
    watch(page);
    await page.goto(link);
    return { context, page };
  }

  function watch(page: Page) {
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (/^https?:$/.test(url.protocol) && url.origin !== new URL(address).origin) away.add(request.url());
    });
  }

  const captionOf = (page: Page) => page.getByRole("textbox", { name: "Caption" });

  /** Fills the form so that painting is quick. */
  async function fill(page: Page, caption: string, size = "32 × 32") {
    await captionOf(page).fill(caption);
    await page.getByRole("combobox", { name: "Size" }).selectOption({ label: size });
    if (!(await page.getByLabel("Prior steps").isVisible())) await page.getByText("Advanced").click();
    await page.getByLabel("Prior steps").fill("4");
    await page.getByLabel("Decoder steps").fill("6");
  }

  const done = (page: Page, title: string) =>
    page.locator("article.done", { has: page.getByRole("heading", { name: title, exact: true }) }).first();

  async function pixelsOf(page: Page, label: string): Promise<number[]> {
    return page
      .getByRole("img", { name: label, exact: true })
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return [...data].filter((_, i) => i % 4 < 3);
      });
  }

  async function findings(page: Page): Promise<unknown> {
    await page.addScriptTag({ content: axe });
    return page.evaluate(async () => {
      const { violations } = await (
        window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
      ).axe.run();
      return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
    });
  }

  describe("of a visitor who paints", () => {
    const caption = "a small green cone";
    let context: BrowserContext;
    let page: Page;
    let expected: Picture;
    let link: string;
    let png: string;

    beforeAll(async () => {
      ({ context, page } = await visit({ acceptDownloads: true }));
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      const unclip = await loadUnclip();
      const request = { seed: 7, prior: { steps: 4 }, decoder: { steps: 6 }, upsamplers: 1 };
      expected = (await unclip.generate(caption, request)).images[0]!;
      await unclip.dispose();
    }, MOST_MS);
    afterAll(() => context?.close());

    it("shows a picture as it forms, the one that Node paints, and does not block meanwhile", async () => {
      await fill(page, caption, "128 × 128");
      await page.evaluate(() => {
        const seen = new Set<string>();
        Object.assign(window, { seen });
        const look = () => {
          const canvas = document.querySelector("canvas");
          if (canvas !== null) seen.add(canvas.toDataURL());
          requestAnimationFrame(look);
        };
        look();
      });
      await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await done(page, caption).waitFor();
      const longest = longestTaskMs(await browser.stopTracing());
      expect(await page.evaluate(() => (window as unknown as { seen: Set<string> }).seen.size)).toBeGreaterThan(4);
      expect(longest).toBeGreaterThan(0);
      expect(longest).toBeLessThanOrEqual(100);
      const rgb = await pixelsOf(page, caption);
      expect(rgb.length).toBe(expected.data.length);
      const off = rgb.filter((byte, i) => Math.abs(byte - expected.data[i]!) > 2).length;
      expect(off).toBeLessThanOrEqual(0.01 * rgb.length); // WebAssembly sums in another order
    });

    it("gives a link and a PNG with the recipe", async () => {
      await page.getByRole("button", { name: `Copy link of ${caption}` }).click();
      await page.getByText("Copied").waitFor();
      link = await page.evaluate(() => navigator.clipboard.readText());
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: `Download ${caption}` }).click(),
      ]);
      png = await download.path();
      const recipe = JSON.parse(readPngTexts(readFileSync(png), "png")["unclip"]!) as Record<string, unknown>;
      expect(recipe).toMatchObject({ operation: "generate", captions: [caption], seed: 7, shows: { picture: 1 } });
    });

    it("has no finding of axe with a picture, in light and dark", async () => {
      await page.getByRole("button", { name: "Paint", exact: true }).waitFor();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await findings(page)).toEqual([]);
      }
    });

    it("varies a picture, and paints the PNG's recipe again", async () => {
      const before = await pixelsOf(page, caption);
      await page.getByRole("button", { name: `Remove ${caption}` }).click();
      await page
        .getByLabel("Open a picture")
        .setInputFiles({ name: "mine.png", mimeType: "image/png", buffer: readFileSync(png) });
      await done(page, caption).waitFor();
      expect(await pixelsOf(page, caption)).toEqual(before);
      await page.getByRole("combobox", { name: "Size" }).selectOption({ label: "32 × 32" });
      await page.getByRole("button", { name: `Vary ${caption}` }).click();
      await done(page, `variations of ${caption}`).waitFor();
      const [first, second] = await Promise.all(
        [1, 2].map((i) => pixelsOf(page, `variations of ${caption}, picture ${i}`)),
      );
      expect(first).not.toEqual(second);
    });

    it("paints a link's recipe in another window, and fills the form", async () => {
      const other = await context.newPage();
      watch(other);
      await other.goto(link);
      await done(other, caption).waitFor();
      expect(await pixelsOf(other, caption)).toEqual(await pixelsOf(page, caption));
      expect(await captionOf(other).inputValue()).toBe(caption);
      await other.close();
    });

    it("compares the priors", async () => {
      await fill(page, "a red cube");
      await page.getByRole("button", { name: "Compare the priors" }).click();
      const names = ["diffusion prior", "autoregressive prior", "text embedding instead", "caption alone"];
      for (const name of names) await done(page, `a red cube (${name})`).waitFor();
    });

    it("stops", async () => {
      await fill(page, "a blue ring", "512 × 512");
      await page.getByLabel("Decoder steps").fill("500");
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.locator("article.stopped").waitFor();
      await page.getByRole("button", { name: "Paint", exact: true }).waitFor();
    });
  });

  it("paints by a model folder of the visitor's disk, and says what another folder lacks", async () => {
    const { context, page } = await visit();
    await page.getByLabel("Open a model folder").setInputFiles(fixturePath("torch-files"));
    await page.getByRole("alert").filter({ hasText: "model_index.json is missing" }).waitFor();
    await page.getByLabel("Open a model folder").setInputFiles(fixturePath("karlo-tiny"));
    await page.getByText("karlo-tiny is ready").waitFor();
    await captionOf(page).fill("a red cube");
    await page.getByText("Advanced").click();
    await page.getByLabel("Prior steps").fill("2");
    await page.getByLabel("Decoder steps").fill("2");
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await done(page, "a red cube").waitFor();
    await context.close();
  });

  it("is used by keyboard alone, on a phone's width without scrolling sideways", async () => {
    const { context, page } = await visit({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
    await fill(page, "x");
    await captionOf(page).focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("a white ring");
    await page.keyboard.press("Enter");
    await done(page, "a white ring").waitFor();
    const [wide, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(wide).toBeLessThanOrEqual(width!);
    expect(await findings(page)).toEqual([]);
    await context.close();
  });

  it("says what is wrong with a model file that is broken, and with a link that is cut off", async () => {
    const context = await browser.newContext();
    await context.route("**/*.safetensors", (route) =>
      route.fulfill({ body: "broken", contentType: "application/octet-stream" }),
    );
    const page = await context.newPage();
    await page.goto(`${address}#recipe=AAAA`);
    await page.getByRole("alert").filter({ hasText: "was the end of it cut off?" }).waitFor();
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await page.locator("article.failed").waitFor();
    expect(await page.locator("article.failed .says").innerText()).toMatch(/toybox/);
    await context.close();
  });

  it("made no request to elsewhere, and no error went unsaid", () => {
    expect([...away]).toEqual([]);
    expect(problems).toEqual([]);
  });
});

/** The longest task of a page's main thread in a trace, in milliseconds of the processor: time in which another process had it does not count. */
function longestTaskMs(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as {
    traceEvents: { name: string; pid: number; tid: number; tdur?: number; args?: { name?: string } }[];
  };
  const mains = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const tasks = traceEvents.filter(({ tid, pid }) => mains.some((main) => main.tid === tid && main.pid === pid));
  return Math.max(0, ...tasks.map(({ tdur = 0 }) => tdur / 1000));
}
