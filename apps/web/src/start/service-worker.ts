/* Keeps the page for offline use, and adds the headers of cross-origin isolation to all that comes from its server, so that WebAssembly
 * may use threads. Weights are kept by the library in a cache of its own. */

/** The part of a service worker's scope that is used here; the types of pages do not have it. */
interface ServiceWorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate",
    listener: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** Files of the page besides the large ones, and a hash of all; the build fills both in. */
const FILES: readonly string[] = JSON.parse("__FILES__");
const CACHE = "unclip-page-__VERSION__";

const scope = globalThis as unknown as ServiceWorkerScope;
const { scope: base } = scope.registration;

scope.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll(FILES.map((file) => new URL(file, base).href));
      await scope.skipWaiting();
    })(),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith("unclip-page-") && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(base)) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  if (request.mode === "navigate") return isolated(await freshPage(request));
  if (isKept(request)) return isolated(await keptFile(request));
  return isolated(await fetch(request));
}

/** The page as the server has it; without one as it was kept. */
async function freshPage(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(new URL("index.html", base).href);
    if (kept !== undefined) return kept;
    throw error;
  }
}

/** Scripts, styles and WebAssembly, whose names change with their content. The library asks for parts of weights, and keeps them. */
function isKept({ url, headers }: Request): boolean {
  return !headers.has("range") && /\.(js|mjs|css|svg|wasm)$/.test(new URL(url).pathname);
}

async function keptFile(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.url);
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.status === 200) cache.put(request.url, response.clone()).catch(() => undefined); // no room: it works without
  return response;
}

function isolated(response: Response): Response {
  if (response.type === "opaque" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  const isBodiless = [101, 204, 205, 304].includes(response.status);
  const { status, statusText } = response;
  return new Response(isBodiless ? null : response.body, { status, statusText, headers });
}
