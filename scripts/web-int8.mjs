import { createReadStream, cpSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { fail, root } from "./setup.mjs";

/* What int8 brings in a browser: seconds of a picture and bytes that are fetched for it, of a model and of its int8 copy in the same run.
 *   npm run -s unclip -- quantize packages/toybox/model --out toybox-int8
 *   node scripts/web-int8.mjs packages/toybox/model toybox-int8 [--threads 2] [--repeats 3]
 * The library runs in a Worker of headless Chromium, on WebAssembly, from folders of a server that sends parts of files as static hosts do.
 * Both models paint the same caption with their own steps, in turns; times are medians of pictures after the first, whose networks are open, by the clock
 * and of the processor, as Chromium tells it: on one thread other programs change the second little. */

const CAPTION = "a red cube on top of a blue sphere";
const KINDS = { "base picture": { upsamplers: 0 }, "whole picture": {} };

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "1" }, repeats: { type: "string", default: "3" } },
});
const repeats = Number(values.repeats);
if (positionals.length !== 2) fail("expected two folders: a model and its int8 copy");
if (!(Number.isInteger(repeats) && repeats > 0))
  fail(`--repeats: expected a whole number from 1 on, got ${values.repeats}`);
const folders = positionals.map((folder) => resolve(folder));
for (const folder of folders) if (!existsSync(join(folder, "model_index.json"))) fail(`${folder} is no model folder`);

const fromUnclip = createRequire(join(root, "packages", "unclip", "package.json"));
const importOf = (name) => import(pathToFileURL(fromUnclip.resolve(name)).href);
const { build } = (await importOf("esbuild")).default;
const { chromium } = (await importOf("playwright-core")).default;

const MAIN = `
import { createUnclipWorker } from "unclip/worker";
globalThis.load = async (source, threads) => {
  globalThis.unclip = createUnclipWorker({ source: new URL(source, location.href), device: "wasm", threads });
  await globalThis.unclip.load();
};
globalThis.paint = async (caption, request) => {
  const start = performance.now();
  await globalThis.unclip.generate(caption, { seed: 7, ...request });
  return performance.now() - start;
};`;

/** Builds the page and its Worker into a folder. */
async function bundle(folder) {
  const options = {
    bundle: true,
    minify: true,
    format: "esm",
    outdir: folder,
    conditions: ["@unclip/source"],
    logLevel: "error",
  };
  await build({ ...options, stdin: { contents: MAIN, resolveDir: join(root, "apps", "web"), sourcefile: "main.js" } });
  await build({
    ...options,
    entryPoints: { "worker-thread": join(root, "packages", "unclip", "src", "worker-thread.ts") },
  });
  const wasm = "ort-wasm-simd-threaded.wasm";
  cpSync(join(dirname(fromUnclip.resolve("onnxruntime-web/wasm")), wasm), join(folder, wasm));
  writeFileSync(join(folder, "index.html"), `<!doctype html><script type="module" src="./stdin.js"></script>`);
}

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Serves folders by the first part of the path, with the headers under which a page has threads.
 * @param onSent takes the folder's name and the bytes of each answer */
async function serve(roots, onSent) {
  const server = createServer((request, response) => {
    const [, name, ...rest] = decodeURIComponent(new URL(request.url, "http://localhost").pathname).split("/");
    const file = join(roots[name] ?? "", ...rest);
    if (roots[name] === undefined || !existsSync(file) || !statSync(file).isFile())
      return void response.writeHead(404).end();
    const { size } = statSync(file);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const [start, end] = from === undefined ? [0, size - 1] : [Number(from), Math.min(Number(to), size - 1)];
    response.writeHead(from === undefined ? 200 : 206, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": end - start + 1,
      ...(from !== undefined && { "content-range": `bytes ${start}-${end}/${size}` }),
      "accept-ranges": "bytes",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    if (request.method === "HEAD") return void response.end();
    onSent(name, end - start + 1);
    createReadStream(file, { start, end }).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

/** Processor time of all pages so far. */
async function processorMs(session) {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
}

const medianOf = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

/** A line of a table: of the model, of its copy, and how many times the first is the second. */
const line = (what, [float, int8], words) =>
  process.stdout.write(`| ${what} | ${words(float)} | ${words(int8)} | ${(float / int8).toFixed(2)} |\n`);

/** Opens a model in a page of its own.
 * @returns what paints there: the milliseconds that it takes, by the clock and of the processor */
async function openPage(context, session, url, name) {
  const page = await context.newPage();
  await page.goto(`${url}/site/index.html`);
  await page.evaluate((given) => globalThis.load(...given), [`/${name}`, Number(values.threads)]);
  return async (request) => {
    const before = await processorMs(session);
    const ms = await page.evaluate((given) => globalThis.paint(...given), [CAPTION, request]);
    return { ms, processorMs: (await processorMs(session)) - before };
  };
}

/** Paints pictures of one kind by turns, and prints its lines. */
async function compare(kind, painters, fetched) {
  const request = KINDS[kind];
  const first = [];
  for (const paint of painters) first.push((await paint(request)).ms);
  line(`${kind}: fetched`, fetched(), megabytes);
  line(`${kind}: the first, with its networks opened`, first, seconds);
  const runs = painters.map(() => []);
  for (let i = 0; i < repeats; i++) for (const [at, paint] of painters.entries()) runs[at].push(await paint(request));
  const medians = (key) => runs.map((all) => medianOf(all.map((one) => one[key])));
  line(`${kind}: another, by the clock`, medians("ms"), seconds);
  line(`${kind}: another, of the processor`, medians("processorMs"), seconds);
}

const site = mkdtempSync(join(tmpdir(), "unclip-web-int8-"));
await bundle(site);
const sent = { site: 0, model: 0, int8: 0 };
const roots = { site, model: folders[0], int8: folders[1] };
const { server, url } = await serve(roots, (name, bytes) => (sent[name] += bytes));
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const session = await browser.newBrowserCDPSession();
  const context = await browser.newContext();
  context.setDefaultTimeout(600_000);
  const painters = [];
  for (const name of ["model", "int8"]) painters.push(await openPage(context, session, url, name));
  process.stdout.write(`| threads: ${values.threads} | as it is | int8 | times |\n| --- | ---: | ---: | ---: |\n`);
  for (const kind of Object.keys(KINDS)) await compare(kind, painters, () => [sent.model, sent.int8]);
} finally {
  await browser.close();
  server.close();
  rmSync(site, { recursive: true, force: true });
}
