import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { fixturePath } from "../../../test-support/index.js";
import { captionOf, chromium, done, fill, MOST_MS, openSite, pixelsOf, shareOff, type Site } from "./support/site.js";

/* The page on WebGPU, which the processor computes here: everything works as on WebAssembly, and gives the same pictures. */

describe.skipIf(chromium === undefined)("the page on WebGPU", { timeout: 2 * MOST_MS }, () => {
  let site: Site;
  let folder: string;
  beforeAll(async () => {
    site = await openSite("webgpu");
    folder = quickModel();
  }, MOST_MS);
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true });
  });

  const visit = async (device: string, shownAs: string) => {
    const { context, page } = await site.visit({}, `${site.address}?device=${device}`);
    await page.getByText(`toybox is ready, on ${shownAs}`).waitFor();
    return { context, page };
  };

  /** Fails unless the pictures of both devices are at most 4 of 255 apart on 99 % of their values. */
  const expectAlike = (actual: number[], expected: number[], what: string) =>
    expect([what, shareOff(actual, expected, 4) <= 0.01]).toEqual([what, true]);

  it("paints toybox's pictures as on WebAssembly", async () => {
    const paint = async (device: string, shownAs: string) => {
      const { context, page } = await visit(device, shownAs);
      await fill(page, "a red cube");
      await page.getByLabel("Decoder steps").fill("4");
      await page.getByRole("button", { name: "Paint", exact: true }).click();
      await done(page, "a red cube").waitFor();
      const pixels = await pixelsOf(page, "a red cube");
      await context.close();
      return pixels;
    };
    const expected = await paint("wasm", "WebAssembly");
    expectAlike(await paint("webgpu", "WebGPU"), expected, "a red cube");
  });

  it("does everything else as on WebAssembly, with a small model", async () => {
    const pictures: Record<string, number[]>[] = [];
    for (const [device, shownAs] of [
      ["wasm", "WebAssembly"],
      ["webgpu", "WebGPU"],
    ] as const) {
      const { context, page } = await visit(device, shownAs);
      await page.locator(".model summary").click();
      await page.getByLabel("Open a model folder").setInputFiles(join(folder, "quick"));
      await page.getByText(`quick is ready, on ${shownAs}`).waitFor();
      await page.locator(".model summary").click();
      pictures.push({ ...(await generate(page)), ...(await explore(page)), ...(await inside(page)) });
      await context.close();
    }
    const [onWasm, onWebgpu] = pictures as [Record<string, number[]>, Record<string, number[]>];
    for (const [name, expected] of Object.entries(onWasm)) expectAlike(onWebgpu[name]!, expected, name);
  });

  it("made no request to elsewhere, and no error went unsaid", () => {
    expect([...site.away]).toEqual([]);
    expect(site.problems).toEqual([]);
  });
});

/** A small model that takes few steps, because WebGPU computed by the processor is slow.
 * @returns the folder in which it is, as "quick" */
function quickModel(): string {
  const folder = mkdtempSync(join(tmpdir(), "unclip-webgpu-"));
  cpSync(fixturePath("karlo-tiny"), join(folder, "quick"), { recursive: true });
  const defaults = { prior: { steps: 3 }, decoder: { steps: 3 }, upsamplers: [{ steps: 2 }] };
  writeFileSync(join(folder, "quick/unclip.json"), JSON.stringify({ defaults }));
  return folder;
}

/** Paints, watches, stops, repeats by link and PNG, varies. */
async function generate(page: Page): Promise<Record<string, number[]>> {
  const caption = "a red cube";
  const paint = page.getByRole("button", { name: "Paint", exact: true });
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await captionOf(page).fill(caption);
  await page.getByRole("combobox", { name: "Size" }).selectOption({ index: 0 });
  await page.getByText("Advanced").click();
  await page.getByLabel("Decoder steps").fill("500");
  await paint.click();
  const canvas = page.locator("article.running canvas");
  await canvas.waitFor();
  const before = await canvas.evaluate((one: HTMLCanvasElement) => one.toDataURL());
  await expect
    .poll(() => canvas.evaluate((one: HTMLCanvasElement) => one.toDataURL()), { timeout: MOST_MS / 2 })
    .not.toBe(before); // the preview changes
  await page.getByRole("button", { name: "Stop" }).first().click();
  await page.locator("article.stopped").waitFor();
  await page.getByRole("button", { name: `Remove ${caption}`, exact: true }).click();

  await page.getByLabel("Decoder steps").fill("");
  await paint.click();
  await done(page, caption).waitFor();
  const painted = await pixelsOf(page, caption);
  await page.getByRole("button", { name: `Copy link of ${caption}` }).click();
  await page.getByText("Copied").waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `Download ${caption}` }).click(),
  ]);
  const png = { name: "mine.png", mimeType: "image/png", buffer: readFileSync(await download.path()) };
  const again: Record<string, () => Promise<unknown>> = {
    "by its link": () => page.evaluate((address) => location.assign(address), link),
    "by its PNG": () => page.locator(".generate").getByLabel("Open a picture").setInputFiles(png),
  };
  for (const [way, bring] of Object.entries(again)) {
    await page.getByRole("button", { name: `Remove ${caption}`, exact: true }).click();
    await bring();
    await done(page, caption).waitFor();
    expect([way, await pixelsOf(page, caption)]).toEqual([way, painted]);
  }
  await page.getByRole("button", { name: `Vary ${caption}` }).click();
  const title = `variations of ${caption}`;
  await done(page, title).waitFor();
  return { painted, variation: await pixelsOf(page, `${title}, picture 1`) };
}

/** Uses every tool of the Explore page. */
async function explore(page: Page): Promise<Record<string, number[]>> {
  const pictures: Record<string, number[]> = {};
  const tool = (name: string) => page.getByRole("tab", { name, exact: true }).click();
  const paint = async (button: string, title: string, shown: string | RegExp = title) => {
    await page.getByRole("button", { name: button }).click();
    await done(page, title).waitFor();
    pictures[title] = await pixelsOf(page, shown);
  };
  await page.getByRole("link", { name: "Explore", exact: true }).click();
  await page.getByRole("button", { name: "Paint two to start with" }).click();
  await page.getByRole("button", { name: "Picture: a blue sphere" }).waitFor();
  await page.getByRole("combobox", { name: "Size" }).selectOption({ index: 0 });
  await page.getByRole("spinbutton", { name: "Steps" }).fill("2");
  await page.getByRole("slider", { name: "η" }).fill("0.5");
  await paint(
    "Paint 4 variations",
    "variations of a blue sphere, η 0.5",
    "variations of a blue sphere, η 0.5, picture 1",
  );

  await tool("Mix");
  await page.getByRole("img", { name: "live mixture of a red cube + a blue sphere" }).waitFor();
  await page.locator(".live:not(.working)").waitFor();
  pictures["live mixture"] = await pixelsOf(page, /^live mixture/);
  await page.getByRole("spinbutton", { name: "Frames" }).fill("3");
  const way = "a red cube → a blue sphere";
  await paint("Paint the way between", way, `${way}, 100 %`);

  await tool("Text diff");
  const diff = "a blue sphere: a red cube → a blue cube";
  await paint("Paint the way", diff, `${diff}, θ 0.50`);

  await tool("Inpaint");
  await page.getByRole("button", { name: "Invert" }).click();
  await page.getByLabel("Caption of the whole picture").fill("a ring");
  await paint("Paint the marked area", "a ring, painted into a blue sphere");

  for (const caption of ["a ring", "a cone"]) {
    await page.getByLabel("A caption to mix with").fill(caption);
    await page.getByRole("button", { name: "Add", exact: true }).click();
  }
  await tool("Components");
  const components = "principal components of a blue sphere";
  await paint("Paint them", components, new RegExp(`^${components}, \\d+ components$`));

  await tool("Label");
  const bars = page.getByRole("list", { name: "How well each label fits" }).getByRole("listitem");
  await bars.first().waitFor();
  pictures["labels, in percent"] = (await bars.locator("b").allInnerTexts()).map((text) => parseInt(text));
  return pictures;
}

/** Looks inside. */
async function inside(page: Page): Promise<Record<string, number[]>> {
  await page.getByRole("link", { name: "Inside" }).click();
  await page.getByRole("button", { name: "Look inside" }).click();
  await page.getByRole("status").getByText("All of it is there").waitFor();
  return {
    x_T: await pixelsOf(page, /^x_t at t = /),
    x_0: await pixelsOf(page, /^predicted x_0 at t = /),
  };
}
