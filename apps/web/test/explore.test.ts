import type { BrowserContext, Page } from "playwright-core";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import {
  chromium,
  done,
  findings,
  isTooWide,
  MOST_MS,
  openSite,
  pixelsOf,
  shareOff,
  type Site,
} from "./support/site.js";

/* The Explore page in a real browser: every tool paints, and paints what it says. */

describe.skipIf(chromium === undefined)("the Explore page", { timeout: MOST_MS }, () => {
  let site: Site;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    site = await openSite();
    ({ context, page } = await site.visit());
    await page.getByRole("link", { name: "Explore", exact: true }).click();
  }, MOST_MS);
  afterAll(async () => {
    await context?.close();
    await site?.close();
  });

  const tool = (name: string) => page.getByRole("tab", { name, exact: true }).click();
  const item = (name: string) => page.getByRole("button", { name, exact: true });
  const isChosen = async (name: string) => (await item(name).getAttribute("aria-pressed")) === "true";
  /** Chooses exactly these, in this order. */
  async function choose(...names: string[]) {
    const chosen = page.locator(".item[aria-pressed=true]");
    while ((await chosen.count()) > 0) await chosen.first().click();
    for (const name of names) await item(name).click();
  }
  async function setUp(steps = 6) {
    await page.getByRole("combobox", { name: "Size" }).selectOption({ label: "32 × 32" });
    const field = page.getByRole("spinbutton", { name: "Steps" });
    if (await field.isVisible()) await field.fill(String(steps));
  }

  it("is empty at first, and paints two to start with", async () => {
    await page.getByText("Nothing is here yet.").waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole("button", { name: "Paint two to start with" }).click();
    await item("Picture: a blue sphere").waitFor();
    expect(await isChosen("Picture: a red cube")).toBe(true);
  });

  it("varies: with little fresh noise the picture comes back, with much another one", async () => {
    await choose("Picture: a red cube");
    await setUp(12);
    const paint = async (eta: string) => {
      await page.getByRole("slider", { name: "η" }).fill(eta);
      await page.getByRole("button", { name: "Paint 4 variations" }).click();
      const title = `variations of a red cube, η ${eta}`;
      await done(page, title).waitFor();
      return Promise.all([1, 2].map((i) => pixelsOf(page, `${title}, picture ${i}`)));
    };
    const [same, again] = await paint("0");
    const [one, other] = await paint("1");
    expect(same).toEqual(again);
    expect(shareOff(one!, same!, 8)).toBeGreaterThan(0.05);
    expect(one).not.toEqual(other);
  });

  it("mixes live: the picture follows the handle, moved by keyboard", async () => {
    await choose("Picture: a red cube", "Picture: a blue sphere");
    await tool("Mix");
    const live = page.getByRole("img", { name: "live mixture of a red cube + a blue sphere" });
    await live.waitFor();
    await page.locator(".live:not(.working)").waitFor();
    const middle = await pixelsOf(page, /^live mixture/);
    const handle = page.getByRole("slider", { name: "Mixture" });
    expect(await handle.getAttribute("aria-valuetext")).toBe("50 % a red cube, 50 % a blue sphere");
    await handle.focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowRight");
    expect(await handle.getAttribute("aria-valuetext")).toBe("0 % a red cube, 100 % a blue sphere");
    await expect
      .poll(async () => String(await pixelsOf(page, /^live mixture/)) === String(middle), { timeout: MOST_MS / 2 })
      .toBe(false);
    await page.locator(".live:not(.working)").waitFor();
    await page.getByRole("button", { name: "Paint this mixture" }).click();
    await done(page, "a red cube + a blue sphere").waitFor();
  });

  it("mixes a caption with pictures by dragging, and has no finding of axe", async () => {
    await page.getByLabel("A caption to mix with").fill("a green ring");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    const handle = page.getByRole("slider", { name: "Mixture" });
    await page.getByRole("img", { name: /live mixture.*green ring/ }).waitFor();
    const pad = page.locator(".field-of-play");
    await pad.scrollIntoViewIfNeeded();
    const box = (await pad.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width + 40, box.y + box.height + 40, { steps: 4 });
    await page.mouse.up();
    expect(await handle.getAttribute("aria-valuetext")).toBe("0 % a red cube, 0 % a blue sphere, 100 % a green ring");
    await page.locator(".live:not(.working)").waitFor();
    expect(await findings(page)).toEqual([]);
  });

  it("paints the way between, from which a picture becomes an end of another way", async () => {
    await choose("Picture: a red cube", "Picture: a blue sphere");
    await setUp(4);
    await page.getByRole("spinbutton", { name: "Frames" }).fill("3");
    await page.getByRole("button", { name: "Paint the way between" }).click();
    const title = "a red cube → a blue sphere";
    await done(page, title).waitFor();
    await page.getByRole("slider", { name: `Frame of ${title}` }).fill("1");
    await page.getByRole("button", { name: `Explore ${title}, 50 %` }).click();
    const middle = `${title}, 50 %`;
    expect(await isChosen(`Picture: ${middle}`)).toBe(true);
    await choose(`Picture: ${middle}`, "Picture: a blue sphere");
    await page.getByRole("button", { name: "Paint the way between" }).click();
    await done(page, `${middle} → a blue sphere`).waitFor();
  });

  it("edits by a text diff, along a strip of θ", async () => {
    await choose("Picture: a red cube");
    await tool("Text diff");
    await setUp(4);
    await page.getByRole("button", { name: "Paint the way" }).click();
    const title = "a red cube: a red cube → a blue cube";
    await done(page, title).waitFor();
    const slider = page.getByRole("slider", { name: `Frame of ${title}` });
    const last = await pixelsOf(page, `${title}, θ 0.50`);
    await slider.fill("0");
    expect(await pixelsOf(page, `${title}, θ 0.00`)).not.toEqual(last);
    expect(await page.locator("article.done .strip li").count()).toBeGreaterThanOrEqual(6);
  });

  it("paints a marked area anew, by keyboard, and nothing else", async () => {
    await choose("Picture: a red cube");
    await tool("Inpaint");
    await setUp();
    await expect(page.getByRole("button", { name: "Paint the marked area" }).isDisabled()).resolves.toBe(true);
    const brush = page.getByRole("application");
    await brush.focus();
    await page.keyboard.press("Space");
    for (let i = 0; i < 6; i++) await page.keyboard.press("Shift+ArrowUp");
    await page.getByText(/% is painted anew/).waitFor();
    await page.getByLabel("Caption of the whole picture").fill("a blue cube");
    await page.getByRole("button", { name: "Paint the marked area" }).click();
    const title = "a blue cube, painted into a red cube";
    await done(page, title).waitFor();
    const painted = await pixelsOf(page, title);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("button", { name: "Invert" }).click();
    await page.getByText("100 % is painted anew").waitFor();
    expect(painted.length).toBe(3 * 32 * 32);
    const source = await pixelsOf(page, "a red cube"); // 128 pixels a side
    const corner = [0, 1, 2].map((channel) => Math.abs(painted[channel]! - source[3 * (128 + 1) + channel]!));
    expect(Math.max(...corner)).toBeLessThanOrEqual(6); // the corner is not marked; it was made smaller
    expect(await findings(page)).toEqual([]);
  });

  it("shows principal components", async () => {
    await choose("Picture: a red cube");
    await tool("Components");
    await setUp();
    await page.getByRole("button", { name: "Paint them" }).click();
    const title = "principal components of a red cube";
    await done(page, title).waitFor();
    await page.getByRole("slider", { name: `Frame of ${title}` }).fill("0");
    await page.getByRole("img", { name: `${title}, 1 component` }).waitFor();
  });

  it("labels live, as labels are written", async () => {
    await choose("Picture: a blue sphere");
    await tool("Label");
    const bars = page.getByRole("list", { name: "How well each label fits" });
    await bars.locator(".first", { hasText: "sphere" }).waitFor();
    await page.getByRole("button", { name: "Colour", exact: true }).click();
    await bars.locator(".first", { hasText: "blue" }).waitFor();
    await page.getByLabel("Labels, between commas").fill("red, green");
    await expect.poll(async () => bars.getByRole("listitem").count(), { timeout: MOST_MS / 2 }).toBe(2);
    await page.getByLabel("Caption around a label").fill("no place");
    await page.getByRole("alert").filter({ hasText: "expected a caption with {}" }).waitFor();
    expect(await findings(page)).toEqual([]);
  });

  it("takes pictures that are dropped, and says what is none", async () => {
    const buffer = readFileSync(fixturePath("pictures/grey-16.png"));
    await page.getByLabel("Add a picture").setInputFiles({ name: "cat.png", mimeType: "image/png", buffer });
    await item("Picture: cat").waitFor();
    const text = { name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") };
    await page.getByLabel("Add a picture").setInputFiles(text);
    await page.getByRole("alert").filter({ hasText: "note.txt" }).waitFor();
    await page.getByRole("button", { name: "Put away cat" }).click();
    expect(await item("Picture: cat").count()).toBe(0);
  });

  it("fits a phone's width with every tool", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const name of ["Vary", "Mix", "Text diff", "Inpaint", "Components", "Label"]) {
      await tool(name);
      expect([name, await isTooWide(page)]).toEqual([name, false]);
    }
  });

  it("made no request to elsewhere, and no error went unsaid", () => {
    expect([...site.away]).toEqual([]);
    expect(site.problems).toEqual([]);
  });
});
