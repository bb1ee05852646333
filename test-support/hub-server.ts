import { createHash } from "node:crypto";
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What is to go wrong with one answer. */
export interface Fault {
  /** Answer with this status instead. */
  readonly status?: number;
  /** What follows the status on its line. */
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of that answer. */
  readonly text?: string;
  /** Send `text` again and again, with a pause, for ever. */
  readonly endlessMs?: number;
  /** Send so many bytes of the body, then break the connection. */
  readonly breakAfter?: number;
  /** Send so many bytes of the body, then end as if that were all. */
  readonly endAfter?: number;
  /** Send so many bytes of the body, then nothing more. */
  readonly stallAfter?: number;
  /** Never answer. */
  readonly silent?: boolean;
  /** Send other bytes of the same number. */
  readonly corrupt?: boolean;
  /** Send more bytes than there are. */
  readonly tooLong?: boolean;
  /** Send the whole file although a range was asked for. */
  readonly ignoreRange?: boolean;
  /** Wait so long after each piece of 16 KiB. */
  readonly slowMs?: number;
}

/** A request that the hub or its storage server got. */
export interface Exchange {
  readonly on: "hub" | "storage";
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** A hub with one model or several, and the storage server that it redirects to for large files. */
export interface HubServer {
  readonly endpoint: string;
  readonly storage: string;
  readonly exchanges: Exchange[];
  /** Asked before every answer; the default is that nothing goes wrong. */
  fault: (exchange: Exchange) => Fault | undefined;
  /** Where the addresses of further pages lead; "" is the hub itself. */
  pagesAt: string;
  /** Makes a commit of these files and lets `revision` of a model stand for it. @returns its hash */
  push(files: Readonly<Record<string, string | Uint8Array>>, revision?: string, id?: string): string;
  /** Requests for one file so far. */
  requestsFor(path: string): Exchange[];
}

export const MODEL = "maker/karlo-tiny";

const PAGE_SIZE = 3;
const isLarge = (path: string) => /\.(safetensors|bin)$/.test(path);
export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
export const gitSha1 = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** Starts both servers; they end with the test.
 * @param options.token without it as Bearer token, the hub answers 401 */
export async function startHub(options: { readonly token?: string } = {}): Promise<HubServer> {
  const commits = new Map<string, Map<string, Uint8Array>>();
  const revisions = new Map<string, string>(); // by "id@revision"
  const models = new Set([MODEL]);
  const blobs = new Map<string, Uint8Array>();
  const exchanges: Exchange[] = [];

  const answer =
    (on: Exchange["on"], route: typeof hubRoute) => (request: IncomingMessage, response: ServerResponse) => {
      const { method = "GET", url = "/", headers } = request;
      const exchange: Exchange = { on, method, path: decodeURIComponent(url.split("?")[0]!), headers };
      exchanges.push(exchange);
      const fault = hub.fault(exchange) ?? {};
      if (fault.silent) return;
      if (fault.status !== undefined) return void sendFault(response, fault);
      route(new URL(url, "http://host"), { request, response, fault });
    };

  const hubRoute = (url: URL, { request, response, fault }: Sending) => {
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`)
      return response.writeHead(401, { "x-error-code": "RepoNotFound" }).end();
    const parts = url.pathname.split("/").map(decodeURIComponent);
    const isApi = parts[1] === "api";
    const id = isApi ? `${parts[3]}/${parts[4]}` : `${parts[1]}/${parts[2]}`;
    const [kind, revision, ...path] = parts.slice(isApi ? 5 : 3) as [string, string, ...string[]];
    if (!models.has(id)) return response.writeHead(404, { "x-error-code": "RepoNotFound" }).end();
    const commit = revisions.get(`${id}@${revision}`) ?? revision;
    const files = commits.get(commit);
    if (files === undefined) return response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    if (kind === "revision") return sendJson(response, { id, sha: commit, siblings: [] });
    if (kind === "tree") return sendTree(response, { url, files, pagesAt: hub.pagesAt || hub.endpoint });
    const bytes = files.get(path.join("/"));
    if (bytes === undefined) return response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    response.setHeader("x-repo-commit", commit);
    if (!isLarge(path.join("/"))) return sendBytes({ request, response, fault }, bytes, gitSha1(bytes));
    response.writeHead(302, {
      location: `${hub.storage}/store/${sha256(bytes)}?signature=1`,
      "x-linked-etag": `"${sha256(bytes)}"`,
      "x-linked-size": bytes.length,
    });
    response.end();
  };

  const storageRoute = (url: URL, sending: Sending) => {
    const sha = url.pathname.split("/")[2]!;
    const bytes = blobs.get(sha);
    if (bytes === undefined) return sending.response.writeHead(403).end();
    sendBytes(sending, bytes, `stored-${sha.slice(0, 8)}`);
  };

  const hub: HubServer = {
    endpoint: await listen(createServer((...args) => answer("hub", hubRoute)(...args))),
    storage: await listen(createServer((...args) => answer("storage", storageRoute)(...args))),
    exchanges,
    fault: () => undefined,
    pagesAt: "",
    push(contents, revision = "main", id = MODEL) {
      models.add(id);
      const files = new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
      for (const bytes of files.values()) blobs.set(sha256(bytes), bytes);
      const commit = gitSha1(Buffer.from(JSON.stringify([...files].map(([path, bytes]) => [path, sha256(bytes)]))));
      commits.set(commit, files);
      revisions.set(`${id}@${revision}`, commit);
      return commit;
    },
    requestsFor(path) {
      const stored = [...commits.values()].map((files) => files.get(path)).filter((bytes) => bytes !== undefined);
      const names = new Set(stored.map((bytes) => `/store/${sha256(bytes)}`));
      return exchanges.filter((e) => (isLarge(path) ? names.has(e.path) : e.path.endsWith(`/${path}`)));
    },
  };
  return hub;
}

interface Sending {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: Fault;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function sendFault(response: ServerResponse, fault: Fault): Promise<void> {
  const { status = 200, reason = STATUS_CODES[status] ?? "", headers = {}, text = "", endlessMs } = fault;
  response.writeHead(status, reason, headers);
  while (endlessMs !== undefined && !response.destroyed) {
    await new Promise((done) => response.write(text, done));
    await new Promise((done) => setTimeout(done, endlessMs));
  }
  response.end(text);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
}

/** A page of the listing, with folders between the files, and the address of the next page. */
function sendTree(
  response: ServerResponse,
  {
    url,
    files,
    pagesAt,
  }: { readonly url: URL; readonly files: ReadonlyMap<string, Uint8Array>; readonly pagesAt: string },
): void {
  const folders = [
    ...new Set([...files.keys()].filter((path) => path.includes("/")).map((path) => path.split("/")[0]!)),
  ];
  const entries = [
    ...folders.map((path) => ({ type: "directory", path, size: 0, oid: "0".repeat(40) })),
    ...[...files].map(([path, bytes]) => ({
      type: "file",
      path,
      ...(isLarge(path)
        ? {
            size: bytes.length,
            oid: gitSha1(Buffer.from("pointer")),
            lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 },
          }
        : { size: bytes.length, oid: gitSha1(bytes) }),
    })),
  ];
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const next = `${pagesAt}${url.pathname}?recursive=true&cursor=${from + PAGE_SIZE}`;
  if (from + PAGE_SIZE < entries.length) response.setHeader("link", `<${next}>; rel="next"`);
  sendJson(response, entries.slice(from, from + PAGE_SIZE));
}

function sendBytes({ request, response, fault }: Sending, whole: Uint8Array, etag: string): void {
  const { range, "if-range": ifRange } = request.headers;
  const [, start] = /^bytes=(\d+)-$/.exec(range ?? "") ?? [];
  const ranged = start !== undefined && !fault.ignoreRange && (ifRange === undefined || ifRange === `"${etag}"`);
  const from = ranged ? Number(start) : 0;
  response.setHeader("etag", `"${etag}"`);
  if (ranged && from >= whole.length) return void response.writeHead(416).end();
  let body = Buffer.from(whole.subarray(from));
  if (fault.corrupt) body = body.map((byte) => byte ^ 1) as Buffer<ArrayBuffer>;
  if (fault.tooLong) body = Buffer.concat([body, Buffer.from("more")]);
  if (ranged) response.setHeader("content-range", `bytes ${from}-${whole.length - 1}/${whole.length}`);
  if (fault.endAfter === undefined) response.setHeader("content-length", body.length);
  response.writeHead(ranged ? 206 : 200);
  if (request.method === "HEAD") return void response.end();
  void sendBody(response, body, fault);
}

async function sendBody(response: ServerResponse, body: Buffer, fault: Fault): Promise<void> {
  const end = fault.breakAfter ?? fault.endAfter ?? fault.stallAfter ?? body.length;
  for (let at = 0; at < end; at += 16384) {
    await new Promise((done) => response.write(body.subarray(at, Math.min(at + 16384, end)), done));
    if (fault.slowMs !== undefined) await new Promise((done) => setTimeout(done, fault.slowMs));
  }
  await new Promise((done) => setTimeout(done, fault.breakAfter === undefined ? 0 : 400)); // what was sent arrives first
  if (fault.breakAfter !== undefined) response.destroy();
  else if (fault.stallAfter === undefined) response.end();
}
