import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { readPngTexts } from "unclip";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  captionOf,
  chromium,
  done,
  fill,
  findings,
  isTooWide,
  MOST_MS,
  openSite,
  pixelsOf,
  shareOff,
  type Site,
} from "./support/site.js";

/* The Generate page in a real browser, from a folder of a plain file server. */

describe.skipIf(chromium === undefined)("the Generate page", { timeout: MOST_MS }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  }, MOST_MS);
  afterAll(() => site?.close());

  describe("of a visitor who paints", () => {
    const caption = "a small green cone";
    let context: BrowserContext;
    let page: Page;
    let link: string;
    let png: string;

    beforeAll(async () => {
      ({ context, page } = await site.visit({ acceptDownloads: true }));
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    }, MOST_MS);
    afterAll(() => context?.close());

    it("shows a picture as it forms, and does not block meanwhile", async () => {
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
      await site.browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await done(page, caption).waitFor();
      const longest = longestTaskMs(await site.browser.stopTracing());
      expect(await page.evaluate(() => (window as unknown as { seen: Set<string> }).seen.size)).toBeGreaterThan(4);
      expect(longest).toBeGreaterThan(0);
      expect(longest).toBeLessThanOrEqual(100);
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
      expect(await findings(page)).toEqual([]);
    });

    it("varies a picture, and paints the PNG's recipe again, whether it is chosen, dropped or pasted", async () => {
      const before = await pixelsOf(page, caption);
      const file = { name: "mine.png", mimeType: "image/png", bytes: readFileSync(png).toString("base64") };
      const ways: Record<string, () => Promise<void>> = {
        chosen: () =>
          page
            .locator(".generate")
            .getByLabel("Open a picture")
            .setInputFiles({ name: file.name, mimeType: file.mimeType, buffer: readFileSync(png) }),
        dropped: () => give(page, "drop", file),
        pasted: () => give(page, "paste", file),
      };
      for (const [name, bring] of Object.entries(ways)) {
        await page.getByRole("button", { name: `Remove ${caption}`, exact: true }).click();
        await bring();
        await done(page, caption).waitFor();
        expect([name, await pixelsOf(page, caption)]).toEqual([name, before]);
      }
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
      site.watch(other);
      await other.goto(link);
      await done(other, caption).waitFor();
      expect(await pixelsOf(other, caption)).toEqual(await pixelsOf(page, caption));
      expect(await captionOf(other).inputValue()).toBe(caption);
      await other.close();
    });

    it("paints what the command line app paints, and paints its PNG again", async () => {
      const folder = mkdtempSync(join(tmpdir(), "unclip-cli-"));
      const file = join(folder, "painted.png");
      const words = "a yellow ring on top of a white cylinder";
      const app = fileURLToPath(new URL("../../cli/dist/index.js", import.meta.url));
      const args = ["generate", words, "--seed", "11", "--upsamplers", "1", "--out", file];
      execFileSync(process.execPath, [app, ...args], { stdio: "pipe" });
      const buffer = readFileSync(file);
      rmSync(folder, { recursive: true });
      const expected = await pixelsOfPng(page, buffer);

      await captionOf(page).fill(words);
      await page.getByRole("spinbutton", { name: "Seed" }).fill("11");
      await page.getByRole("combobox", { name: "Size" }).selectOption({ label: "128 × 128" });
      for (const name of ["Prior steps", "Prior guidance", "Decoder steps", "Decoder guidance", "Upsampler 1 steps"]) {
        await page.getByLabel(name).fill(""); // the model's own, as the app's
      }
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await done(page, words).waitFor();
      const painted = await pixelsOf(page, words);
      expect(shareOff(painted, expected, 2)).toBeLessThanOrEqual(0.01); // WebAssembly sums in another order

      await page.getByRole("button", { name: `Remove ${words}`, exact: true }).click();
      const ours = page.locator(".generate").getByLabel("Open a picture");
      await ours.setInputFiles({ name: "painted.png", mimeType: "image/png", buffer });
      await done(page, words).waitFor();
      expect(await pixelsOf(page, words)).toEqual(painted);
    });

    it("paints by a preset, whose steps stand in the form, and fills another form from its link", async () => {
      const words = "a purple cylinder";
      await fill(page, words);
      await page.getByRole("combobox", { name: "Preset" }).selectOption("fast");
      expect(await page.getByLabel("Decoder steps").inputValue()).toBe("");
      expect(await page.getByLabel("Decoder steps").getAttribute("placeholder")).toBe("3");
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await done(page, words).waitFor();
      const recipe = await recipeShown(page, words);
      expect(recipe).toMatchObject({ preset: "fast", decoder: { steps: 3, cacheInterval: 2 }, upsamplers: [] });
      await page.getByRole("button", { name: `Vary ${words}` }).click();
      await done(page, `variations of ${words}`).waitFor();
      expect(await recipeShown(page, `variations of ${words}`)).toMatchObject({ operation: "vary", preset: "fast" });

      await page.getByRole("button", { name: `Copy link of ${words}` }).click();
      await page.getByText("Copied").waitFor();
      const other = await context.newPage();
      site.watch(other);
      await other.goto(await page.evaluate(() => navigator.clipboard.readText()));
      await done(other, words).waitFor();
      expect(await pixelsOf(other, words)).toEqual(await pixelsOf(page, words));
      expect(await other.getByRole("combobox", { name: "Preset" }).inputValue()).toBe("fast");
      await other.close();
      await page.getByRole("combobox", { name: "Preset" }).selectOption("exact");
    });

    it("compares the priors side by side, and paints one of them again", async () => {
      await fill(page, "a red cube");
      await page.getByRole("button", { name: "Compare the priors" }).click();
      await done(page, "a red cube, by each prior").waitFor();
      const names = ["diffusion prior", "autoregressive prior", "text embedding instead", "caption alone"];
      const pictures = await Promise.all(names.map((name) => pixelsOf(page, `a red cube, by each prior, ${name}`)));
      expect(new Set(pictures.map(String)).size).toBe(names.length);
      await page.getByRole("button", { name: "Paint again a red cube, by each prior, caption alone" }).click();
      await done(page, "a red cube").waitFor();
      expect(await pixelsOf(page, "a red cube")).toEqual(pictures[3]);
      expect(await page.getByRole("combobox", { name: "Prior" }).inputValue()).toBe("none");
      await page.getByRole("combobox", { name: "Prior" }).selectOption("diffusion");
    });

    it("stops", async () => {
      await fill(page, "a blue ring", "512 × 512");
      await page.getByLabel("Decoder steps").fill("500");
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await page.getByRole("button", { name: "Stop" }).first().click();
      await page.locator("article.stopped").waitFor();
      await page.getByRole("button", { name: "Paint", exact: true }).waitFor();
    });

    it("says that the Worker has crashed, and paints with another one", async () => {
      await fill(page, "a blue ring", "512 × 512");
      await page.getByLabel("Decoder steps").fill("500");
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await page.getByText(/the decoder paints, step \d+ of 500/).waitFor(); // one step may pass between two looks
      const workers = page.workers().filter((worker) => worker.url().includes("worker-thread"));
      await workers[0]!.evaluate(() => {
        setTimeout(() => {
          throw new Error("a fault");
        });
      });
      await page.locator("article.failed").filter({ hasText: "the next run starts another one" }).waitFor();
      await fill(page, "a white cube");
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await done(page, "a white cube").waitFor();
    });
  });

  it("is used by keyboard alone, on a phone's width without scrolling sideways", async () => {
    const { context, page } = await site.visit({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" });
    await fill(page, "x");
    await captionOf(page).focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("a white ring");
    await page.keyboard.press("Enter");
    await done(page, "a white ring").waitFor();
    await done(page, "a white ring").locator("summary").press("Enter"); // its recipe has long lines
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      expect([width, await isTooWide(page)]).toEqual([width, false]);
    }
    expect(await findings(page)).toEqual([]);
    await context.close();
  });

  it("says what is wrong with a model file that is broken, and with a link that is cut off", async () => {
    const context = await site.browser.newContext({ serviceWorkers: "block" });
    await context.route("**/*.safetensors", (route) =>
      route.fulfill({ body: "broken", contentType: "application/octet-stream" }),
    );
    const page = await context.newPage();
    await page.goto(`${site.address}#recipe=AAAA`);
    await page.getByRole("alert").filter({ hasText: "was the end of it cut off?" }).waitFor();
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await page.locator("article.failed").waitFor();
    expect(await page.locator("article.failed .says").innerText()).toMatch(/toybox/);
    await context.close();
  });

  it("made no request to elsewhere, and no error went unsaid", () => {
    expect([...site.away]).toEqual([]);
    expect(site.problems).toEqual([]);
  });
});

/** The recipe of a finished job, as the page shows it. */
async function recipeShown(page: Page, title: string): Promise<unknown> {
  const text = done(page, title).getByLabel(`Recipe of ${title} as JSON`, { exact: true });
  return JSON.parse((await text.textContent())!);
}

/** The pixels of a PNG file, as the browser reads them. */
async function pixelsOfPng(page: Page, png: Buffer): Promise<number[]> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return [...data].filter((_, i) => i % 4 < 3);
  }, png.toString("base64"));
}

/** Gives a file to the page as a drop or a paste does. */
async function give(
  page: Page,
  kind: "drop" | "paste",
  file: { readonly name: string; readonly mimeType: string; readonly bytes: string },
): Promise<void> {
  await page.evaluate(
    ([kind, { name, mimeType, bytes }]) => {
      const data = new DataTransfer();
      data.items.add(
        new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name, { type: mimeType }),
      );
      const event =
        kind === "drop"
          ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
      document.body.dispatchEvent(event);
    },
    [kind, file] as const,
  );
}

/** The longest task of a page's main thread in a trace, in milliseconds of the processor: time in which another process had it does not count. */
function longestTaskMs(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as {
    traceEvents: { name: string; pid: number; tid: number; tdur?: number; args?: { name?: string } }[];
  };
  const mains = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const tasks = traceEvents.filter(({ tid, pid }) => mains.some((main) => main.tid === tid && main.pid === pid));
  return Math.max(0, ...tasks.map(({ tdur = 0 }) => tdur / 1000));
}
