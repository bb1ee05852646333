import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { root } from "./setup.mjs";

/* Pictures of every page of the built web page, at a desktop's and a phone's width, in light and dark:
 *   node scripts/web-screenshots.mjs <folder> [name ...]
 * Names such as explore-desktop-dark choose some of them. */

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("error: expected the folder for the pictures\n");
  process.exit(2);
}

const SIZES = { desktop: { width: 1280, height: 860 }, phone: { width: 390, height: 844 } };

/** What is done on each page before its picture is taken. */
const PAGES = {
  async empty() {},
  async generate(page) {
    const count = page.getByRole("spinbutton", { name: "Pictures" });
    await count.fill("4");
    await paint(page, "an orange sphere to the left of a white cube, as pixel art");
    await count.fill("1");
    await paint(page, "a red cube on top of a blue sphere");
  },
  async priors(page) {
    await page.getByRole("button", { name: "Compare the priors" }).click();
    await finished(page);
  },
  async "explore-empty"(page) {
    await page.getByRole("link", { name: "Explore", exact: true }).click();
  },
  async explore(page) {
    await startExploring(page);
    await page.getByLabel("A caption to mix with").fill("a green ring");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("tab", { name: "Mix" }).click();
    await page.getByLabel(/live mixture/).waitFor();
    await page.getByRole("button", { name: "Paint the way between" }).click();
    await finished(page);
  },
  async edit(page) {
    await startExploring(page);
    await page.getByRole("button", { name: "Picture: a red cube" }).click();
    await page.getByRole("button", { name: "Picture: a red cube" }).click();
    await page.getByRole("tab", { name: "Text diff" }).click();
    await page.getByRole("button", { name: "Paint the way" }).click();
    await finished(page);
  },
  async inpaint(page) {
    await startExploring(page);
    await page.getByRole("tab", { name: "Inpaint" }).click();
    const brush = page.getByRole("application");
    await brush.focus();
    for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft"])
      await page.keyboard.press(key);
    for (let i = 0; i < 8; i++) await page.keyboard.press("Shift+ArrowUp");
    await page.getByRole("button", { name: "Paint the marked area" }).click();
    await finished(page);
  },
  async classify(page) {
    await startExploring(page);
    await page.getByRole("tab", { name: "Label" }).click();
    await page.getByRole("list", { name: "How well each label fits" }).getByRole("listitem").first().waitFor();
  },
  async vary(page) {
    await startExploring(page);
    await page.getByRole("button", { name: "Paint 4 variations" }).click();
    await finished(page);
  },
  async components(page) {
    await startExploring(page);
    await page.getByRole("tab", { name: "Components" }).click();
    await page.getByRole("button", { name: "Paint them" }).click();
    await finished(page);
  },
  async inside(page) {
    await page.getByRole("link", { name: "Inside" }).click();
    await page.getByRole("button", { name: "Look inside" }).click();
    await page.getByText("All of it is there").waitFor();
    const slider = page.getByRole("slider", { name: "Decoder", exact: true });
    await slider.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowLeft");
  },
};

async function paint(page, caption) {
  await page.getByRole("textbox", { name: "Caption", exact: true }).fill(caption);
  await page.getByRole("button", { name: "Paint", exact: true }).click();
  await finished(page);
}

async function startExploring(page) {
  await page.getByRole("link", { name: "Explore", exact: true }).click();
  await page.getByRole("button", { name: "Paint two to start with" }).click();
  await page.getByRole("button", { name: "Picture: a blue sphere" }).waitFor();
}

async function finished(page) {
  await page.locator("article.running").first().waitFor();
  await page.locator("article.running").first().waitFor({ state: "detached" });
  if ((await page.locator("article.failed").count()) > 0)
    throw new Error(await page.locator("article.failed").first().innerText());
}

const web = join(root, "apps", "web");
const require = createRequire(join(web, "package.json"));
const importOf = (name) => import(pathToFileURL(require.resolve(name)).href);
const { chromium } = (await importOf("playwright-core")).default;
const { preview } = await importOf("vite");

/** Takes the pictures of one page, in those of light and dark that are wanted. */
async function take(browser, address, { what, size, schemes }) {
  const isPhone = size === "phone";
  const context = await browser.newContext({ viewport: SIZES[size], hasTouch: isPhone, isMobile: isPhone });
  context.setDefaultTimeout(240_000);
  const page = await context.newPage();
  await page.goto(address);
  await page.getByText("is ready").waitFor({ state: "attached" });
  await PAGES[what](page);
  await page.evaluate(() => globalThis.scrollTo(0, 0));
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const path = join(folder, `${what}-${size}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
    process.stdout.write(`${path}\n`);
  }
  await context.close();
}

mkdirSync(folder, { recursive: true });
const server = await preview({ root: web, logLevel: "silent", preview: { port: 0, host: "127.0.0.1" } });
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const all = Object.keys(SIZES).flatMap((size) => Object.keys(PAGES).map((what) => ({ what, size })));
  for (const { what, size } of all) {
    const isWanted = (scheme) => names.length === 0 || names.includes(`${what}-${size}-${scheme}`);
    const schemes = ["light", "dark"].filter(isWanted);
    if (schemes.length > 0) await take(browser, server.resolvedUrls.local[0], { what, size, schemes });
  }
} finally {
  await browser.close();
  await server.close();
}
