import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, findings, isTooWide, MOST_MS, openSite, pixelsOf, type Site } from "./support/site.js";

/* The Inside page in a real browser: every part of the pipeline is shown, and what is shown is what happened. */

describe.skipIf(chromium === undefined)("the Inside page", { timeout: MOST_MS }, () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  }, MOST_MS);
  afterAll(() => site?.close());

  it("shows tokens, embeddings, the prior's walk, the decoder's steps, guidance and upsamplers of a caption", async () => {
    const { context, page } = await site.visit();
    await page.getByRole("link", { name: "Inside" }).click();
    await page.getByLabel("Caption to watch").fill("a red cube");
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.getByRole("status").getByText("All of it is there").waitFor();

    const tokens = page.getByRole("list", { name: "Tokens" }).getByRole("listitem");
    expect((await tokens.locator("b").allInnerTexts()).join(" ")).toBe("startoftext a red cube endoftext");
    await page.getByRole("img", { name: /^The text embedding, \d+ numbers$/ }).waitFor();

    const walk = await page.getByRole("img", { name: /cosine to the final embedding/ }).getAttribute("aria-label");
    const [, steps, first, toText] = /^In (\d+) steps .* from (-?[\d.]+) to 1, .* to (-?[\d.]+)\.$/.exec(walk!)!;
    expect(Number(steps)).toBe(10);
    expect(Number(first)).toBeLessThan(1);
    expect(Number(toText)).toBeGreaterThan(0);
    expect(Number(toText)).toBeLessThan(1);

    const slider = page.getByRole("slider", { name: "Decoder", exact: true });
    const noisy = async () => {
      const values = await pixelsOf(page, /^x_t at t = /);
      const steps = values.slice(3).map((value, i) => Math.abs(value - values[i]!));
      return steps.reduce((sum, step) => sum + step, 0) / steps.length;
    };
    await slider.fill("0");
    const atFirst = await noisy();
    const seen = await pixelsOf(page, /^predicted x_0 at t = /);
    await slider.fill("9");
    expect(await noisy()).toBeLessThan(atFirst / 2);
    expect(await pixelsOf(page, /^predicted x_0 at t = /)).not.toEqual(seen);

    await slider.fill("4");
    const [cond, uncond, guided] = await Promise.all(
      ["with the condition", "without a condition", "guided"].map((words) =>
        pixelsOf(page, new RegExp(`^x_0 ${words}, at t`)),
      ),
    );
    expect(cond).not.toEqual(uncond);
    expect(guided).not.toEqual(cond);

    const loupe = page.getByRole("slider", { name: "Loupe" });
    const detail = await pixelsOf(page, "upsampler 2, under the loupe");
    expect(detail.length).toBe(3 * 128 * 128);
    await loupe.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
    expect(await pixelsOf(page, "upsampler 2, under the loupe")).not.toEqual(detail);
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await isTooWide(page)).toBe(false);
    await context.close();
  });

  it("is stopped, and says what goes wrong", async () => {
    const { context, page } = await site.visit();
    await page.getByRole("link", { name: "Inside" }).click();
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.getByRole("button", { name: "Stop" }).last().click();
    await page.getByRole("button", { name: "Look inside" }).waitFor();
    const worker = page.workers().find((one) => one.url().includes("worker-thread"))!;
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.getByRole("button", { name: "Stop" }).last().waitFor(); // the prior's steps may pass between two looks
    await worker.evaluate(() => {
      setTimeout(() => {
        throw new Error("a fault");
      });
    });
    await page.getByRole("alert").filter({ hasText: "the next run starts another one" }).waitFor();
    await context.close();
  });
});
