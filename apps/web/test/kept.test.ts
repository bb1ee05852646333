import { afterEach, describe, expect, it } from "vitest";
import { chromium, done, fill, MOST_MS, openSite, pixelsOf, type Site } from "./support/site.js";

/* What a visit leaves, and what the page runs on: the service worker, offline use, a browser without room, WebGPU. */

describe.skipIf(chromium === undefined)("the page", { timeout: MOST_MS }, () => {
  let site: Site;
  afterEach(() => site?.close());

  it("is isolated by its service worker where the server sends no headers, and works offline after a visit", async () => {
    site = await openSite();
    const { context, page } = await site.visit();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.getByText(/is ready, on WebAssembly, [2-4] threads/).waitFor();
    await fill(page, "a red cube");
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await done(page, "a red cube").waitFor();
    const before = await pixelsOf(page, "a red cube");
    site.goOffline();
    await page.reload();
    await page.getByText("is ready").waitFor({ state: "attached" });
    await fill(page, "a red cube");
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await done(page, "a red cube").waitFor();
    expect(await pixelsOf(page, "a red cube")).toEqual(before);
    await context.close();
  });

  it("goes on in memory where the browser has no room, and says so", async () => {
    site = await openSite();
    const { context, page } = await site.visit();
    const { origin } = new URL(site.address);
    const session = await context.newCDPSession(page);
    await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
    await page.reload();
    await fill(page, "a red cube");
    await page.getByRole("button", { name: "Paint", exact: true }).click();
    await done(page, "a red cube").waitFor();
    await page.getByText("the browser does not keep this file").waitFor({ state: "attached" });
    await context.close();
  });

  it("takes WebAssembly by itself where WebGPU is software, and says why", async () => {
    site = await openSite("webgpu");
    const { context, page } = await site.visit();
    await page.getByText("is ready, on WebAssembly").waitFor({ state: "attached" });
    await page.locator(".model summary").click();
    await page.getByText("WebGPU was not taken: its only adapter computes on the processor.").waitFor();
    await context.close();
  });
});
