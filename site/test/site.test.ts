import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchChromium } from "../../packages/unclip/test/contract/browser.js";
import { sections } from "../pages.mjs";

/* The site as it is built: its links, its pages in a browser, its search. */

const folder = fileURLToPath(new URL("..", import.meta.url));
const dist = join(folder, ".vitepress/dist");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

beforeAll(() => void execFileSync(process.execPath, ["build.mjs"], { cwd: folder, stdio: "pipe" }));

describe("the built site", () => {
  const text = (path: string) => readFileSync(join(dist, path), "utf8");
  const idsOf = (path: string) => new Set([...text(path).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decode(id!)));

  it("has every page, and a reference of every package", () => {
    const pages = sections.flatMap(({ pages }) => Object.values(pages)).map(([page]) => `${page}.html`);
    for (const page of [...pages, "index.html", "reference/index.html", "reference/unclip.html"])
      expect(existsSync(join(dist, page)), page).toBe(true);
    expect(text("reference/prior.html")).toContain("loadDiffusionPrior");
  });

  it("has no dead link: each leads to a page, and to a heading of it", () => {
    const dead: string[] = [];
    const ids = new Map<string, Set<string>>();
    const pages = readdirSync(dist, { recursive: true, encoding: "utf8" })
      .map((path) => path.replaceAll("\\", "/"))
      .filter((path) => path.endsWith(".html") && path !== "404.html");
    let count = 0;
    const isAlive = (page: string, address: string): boolean => {
      const [path, hash = ""] = address.split("#") as [string, string?];
      const from = path.startsWith("/") ? path : posix.join("/", posix.dirname(page), path);
      const target = fileOf(path === "" ? page : from);
      if (target === undefined || hash === "" || !target.endsWith(".html")) return target !== undefined;
      if (!ids.has(target)) ids.set(target, idsOf(target));
      return ids.get(target)!.has(decodeURIComponent(hash));
    };
    for (const page of pages) {
      const links = [...text(page).matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, link]) => decode(link!));
      const own = links.filter((address) => !/^(https?:|data:|mailto:)/.test(address));
      count += own.length;
      dead.push(...own.filter((address) => !isAlive(page, address)).map((address) => `${page}: ${address}`));
    }
    expect(count).toBeGreaterThan(1000);
    expect(dead).toEqual([]);
  });

  it("links to other sites by https alone", () => {
    const page = text("index.html") + text("start.html");
    expect([...page.matchAll(/href="(http:[^"]*)"/g)].map(([, link]) => link)).toEqual([]);
  });
});

const chromium = findChromium();
if (chromium === undefined) it.skip("in a browser (skipped: no Chromium found; install it or set CHROMIUM_PATH)");

describe.runIf(chromium !== undefined)("in a browser", () => {
  let browser: Browser;
  let server: Server;
  let url: string;
  const away: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const file = fileOf(decodeURIComponent(new URL(request.url!, "http://localhost").pathname));
      response.writeHead(file === undefined ? 404 : 200, { "content-type": TYPES[extname(file ?? "")] ?? "text/html" });
      response.end(file === undefined ? "" : readFileSync(join(dist, file)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchChromium(chromium!);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  async function open(path: string, colorScheme: "light" | "dark" = "light"): Promise<Page> {
    const page = await browser.newPage({ colorScheme });
    page.on("request", (request) => {
      if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== url) away.push(request.url());
    });
    await page.goto(`${url}/${path}`, { waitUntil: "networkidle" });
    return page;
  }

  const main = [
    "index.html",
    "start.html",
    "how-it-works.html",
    "packages/unclip.html",
    "manipulations/index.html",
    "models.html",
    "reference/prior.html",
  ];
  it.each(
    main.flatMap(
      (path) =>
        [
          [path, "light"],
          [path, "dark"],
        ] as const,
    ),
  )("axe finds nothing on %s in %s", async (path, scheme) => {
    const page = await open(path, scheme);
    await page.addScriptTag({ content: axe });
    const found = await page.evaluate(async () => {
      const { violations } = await (
        globalThis as unknown as {
          axe: {
            run(): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }>;
          };
        }
      ).axe.run();
      return violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map(({ target, failureSummary }) => `${String(target)} ${failureSummary}`)
            .join("; ")}`,
      );
    });
    await page.close();
    expect(found).toEqual([]);
  });

  it("search finds pages, and nothing was asked of another server", async () => {
    const page = await open("start.html");
    page.setDefaultTimeout(120_000);
    await page.click(".DocSearch-Button");
    await page.fill("#localsearch-input", "autoregressive");
    await page.waitForSelector("#localsearch-list .result");
    const results = await page.locator("#localsearch-list .result").allInnerTexts();
    expect(results.join("\n")).toContain("autoregressive prior");
    await page.close();
    expect(away).toEqual([]);
  });
});

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".gif": "image/gif",
  ".woff2": "font/woff2",
  ".json": "application/json",
};

/** The file of the site that an address means. */
function fileOf(path: string): string | undefined {
  const plain = path.replace(/^\//, "");
  return [plain, `${plain}.html`, posix.join(plain, "index.html")].find(
    (name) => name !== "" && extname(name) !== "" && existsSync(join(dist, name)),
  );
}

function decode(text: string): string {
  return text
    .replaceAll("&amp;", "&")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
}
