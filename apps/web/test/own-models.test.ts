import { cpSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { captionOf, chromium, done, findings, MOST_MS, openSite, type Site } from "./support/site.js";

/* Model folders of the visitor's disk, in a real browser. */

describe.skipIf(chromium === undefined)("a model folder of one's own", { timeout: MOST_MS }, () => {
  let site: Site;
  let context: BrowserContext;
  let page: Page;
  let folder: string;

  beforeAll(async () => {
    site = await openSite();
  }, MOST_MS);
  afterAll(() => site?.close());
  beforeEach(async () => {
    folder = join(mkdtempSync(join(tmpdir(), "unclip-own-")), "mine");
    cpSync(fixturePath("karlo-tiny"), folder, { recursive: true });
    ({ context, page } = await site.visit());
  });
  afterEach(async () => {
    await context?.close();
    rmSync(dirname(folder), { recursive: true, force: true });
  });

  const panel = () => page.locator(".model summary").click();
  const choose = (path: string) => page.getByLabel("Open a model folder").setInputFiles(path);
  const sizes = () => page.getByRole("table", { name: "Weights in this folder" });

  /** Paints in few steps. */
  async function paint() {
    await captionOf(page).fill("a red cube");
    await page.getByText("Advanced").click();
    await page.getByLabel("Prior steps").fill("2");
    await page.getByLabel("Decoder steps").fill("2");
    await page.getByLabel("Upsampler 1 steps").fill("2");
    await page.getByRole("button", { name: "Paint", exact: true }).click();
  }

  it("is chosen, paints in place of toybox, and makes room for toybox again", async () => {
    await panel();
    await choose(folder);
    await page.getByText("mine is ready").waitFor();
    await sizes().getByRole("row", { name: "decoder 707 kB" }).waitFor();
    expect(await findings(page)).toEqual([]);
    await panel();
    await paint();
    await done(page, "a red cube").waitFor();
    await panel();
    await page.getByRole("button", { name: "Back to toybox" }).click();
    await page.getByText("toybox is ready").waitFor();
  });

  it("is dropped onto the page, but not while the model is at work", async () => {
    const session = await context.newCDPSession(page);
    const drop = async () => {
      const data = { items: [], files: [folder], dragOperationsMask: 1 };
      for (const type of ["dragEnter", "dragOver", "drop"] as const) {
        await session.send("Input.dispatchDragEvent", { type, x: 700, y: 500, data });
      }
    };
    await page.getByText("Advanced").click();
    await page.getByLabel("Decoder steps").fill("500");
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await page.getByText(/the decoder paints, step \d+ of 500/).waitFor();
    await drop();
    await page.getByRole("alert").filter({ hasText: "Stop it, and then drop the folder again." }).waitFor();
    await page.getByRole("button", { name: "Stop" }).first().click();
    await page.locator("article.stopped").waitFor();
    await drop();
    await page.getByText("mine is ready").waitFor();
    await sizes().getByRole("row", { name: "prior 139 kB" }).waitFor();
  });

  it("that lacks a part is refused with the name of what is missing, beside the sizes of what is there", async () => {
    rmSync(join(folder, "decoder/diffusion_pytorch_model.safetensors"));
    await panel();
    await choose(folder);
    await page.getByRole("alert").filter({ hasText: "mine/decoder: no weights; expected" }).waitFor();
    await page.getByText("no model is open").waitFor();
    await sizes().getByRole("row", { name: "prior 139 kB" }).waitFor();
    expect(
      await sizes()
        .getByRole("row", { name: /^decoder/ })
        .count(),
    ).toBe(0);
    rmSync(join(folder, "model_index.json"));
    await choose(folder);
    await page.getByRole("alert").filter({ hasText: "model_index.json is missing" }).waitFor();
    await page.getByRole("button", { name: "Back to toybox" }).click();
    await page.getByText("toybox is ready").waitFor();
  });

  it("with a part that is too large for a browser is named with its size", async () => {
    truncateSync(join(folder, "prior/diffusion_pytorch_model.safetensors"), 20e9); // what is added takes no room on the disk
    await panel();
    await choose(folder);
    await sizes().getByRole("row", { name: "prior 20.0 GB too large" }).waitFor();
    const alert = page.getByRole("alert").filter({ hasText: "prior (20.0 GB): too large for a browser" });
    await alert.waitFor();
    expect(await alert.innerText()).toContain("whose WebAssembly has 4.3 GB for a part");
    expect(await findings(page)).toEqual([]);
  });
});
