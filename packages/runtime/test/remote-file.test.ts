import { openModelFolder, readCheckpoint, type BlobFolderOptions, type ListedFile } from "@unclip/runtime/web";
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";

/** A file larger than what is asked for first. */
const WEIGHTS = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

interface ServerOptions {
  /** Whether parts are sent. */
  readonly ranges?: boolean;
  /** What is said of an address that is not there: a web app's page, or 404. */
  readonly missing?: "page" | "404";
  /** Whether scripts may read how long a file is. */
  readonly tellsLength?: boolean;
}

/** A server of files in memory, and what it was asked for. */
function serve(files: Record<string, Uint8Array | string>, options: ServerOptions = {}) {
  const { ranges = true, missing = "404", tellsLength = true } = options;
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request, init?: RequestInit) => {
    const path = String(url).replace("http://models.test/karlo/", "");
    const range = new Headers(init?.headers).get("range");
    asked.push(range === null ? path : `${path} ${range}`);
    const file = files[path];
    if (file === undefined) {
      return missing === "404"
        ? new Response(null, { status: 404 })
        : new Response("<!doctype html>", { headers: { "content-type": "text/html; charset=utf-8" } });
    }
    const bytes = Buffer.from(file as Uint8Array);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    if (!ranges || from === undefined) return new Response(bytes);
    if (bytes.length === 0) return new Response(null, { status: 416 });
    const part = bytes.subarray(Number(from), Number(to) + 1);
    const headers = { "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}` };
    return new Response(part, { status: 206, headers: tellsLength ? headers : {} });
  };
  return { asked, fetch };
}

const open = (fetch: typeof globalThis.fetch, options: BlobFolderOptions = {}) =>
  openModelFolder("http://models.test/karlo", { fetch, ...options });

const START = "bytes=0-65535";

describe("a served folder", () => {
  it("asks once for a short file", async () => {
    const { asked, fetch } = serve({ "a.json": "text" });
    const folder = await open(fetch);
    expect(await folder.has("a.json")).toBe(true);
    expect(await folder.sizeBytes("a.json")).toBe(4);
    expect(await folder.text("a.json")).toBe("text");
    expect(await folder.text("a.json")).toBe("text");
    expect(asked).toEqual([`a.json ${START}`]);
  });

  it("lets the browser keep no parts, which it would join with others", async () => {
    const { fetch } = serve({ "w.safetensors": WEIGHTS });
    const modes: unknown[] = [];
    const folder = await open((url, init) => {
      modes.push([new Headers(init?.headers).has("range"), init?.cache]);
      return fetch(url, init);
    });
    await folder.bytes("w.safetensors", 100_000, 100_010);
    await folder.blob("w.safetensors");
    expect(modes).toEqual([
      [true, "no-store"],
      [true, "no-store"],
      [false, undefined],
    ]);
  });

  it("asks for parts of a long file, and for the whole when it is needed", async () => {
    const { asked, fetch } = serve({ "w.safetensors": WEIGHTS });
    const folder = await open(fetch);
    expect(await folder.sizeBytes("w.safetensors")).toBe(WEIGHTS.length);
    expect(await folder.bytes("w.safetensors", 8, 100)).toEqual(WEIGHTS.slice(8, 100)); // of the start, which is here
    expect(await folder.bytes("w.safetensors", 70_000, 70_010)).toEqual(WEIGHTS.slice(70_000, 70_010));
    expect(await folder.bytes("w.safetensors", 70_000, 70_000)).toEqual(new Uint8Array(0));
    expect(asked).toEqual([`w.safetensors ${START}`, "w.safetensors bytes=70000-70009"]);
    const blob = await folder.blob("w.safetensors");
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(WEIGHTS);
    expect(await folder.bytes("w.safetensors", 90_000, 90_010)).toEqual(WEIGHTS.slice(90_000, 90_010));
    expect(asked.slice(2)).toEqual(["w.safetensors"]);
  });

  it.each([{ ranges: false }, { tellsLength: false }])("takes the whole where %j", async (options) => {
    const { asked, fetch } = serve({ "w.safetensors": WEIGHTS }, options);
    const folder = await open(fetch);
    expect(await folder.sizeBytes("w.safetensors")).toBe(WEIGHTS.length);
    expect(await folder.bytes("w.safetensors", 70_000, 70_010)).toEqual(WEIGHTS.slice(70_000, 70_010));
    expect((await folder.blob("w.safetensors")).size).toBe(WEIGHTS.length);
    const [first, ...more] = [`w.safetensors ${START}`, "w.safetensors"];
    expect(asked).toEqual("ranges" in options ? [first] : [first, ...more]);
  });

  it("reads an empty file, of which no part can be sent", async () => {
    const folder = await open(serve({ "a.txt": "" }).fetch);
    expect(await folder.has("a.txt")).toBe(true);
    expect(await folder.text("a.txt")).toBe("");
  });

  it("does not take a web app's page for a file", async () => {
    const folder = await open(serve({ "a.json": "text" }, { missing: "page" }).fetch);
    expect(await folder.has("tokenizer/tokenizer.json")).toBe(false);
    expect(await folder.has("a.json")).toBe(true);
    await expect(folder.text("b.json")).rejects.toMatchObject({
      code: "download",
      message: "http://models.test/karlo/b.json: not found",
    });
  });

  it("tries again after a failure", async () => {
    const { fetch } = serve({ "a.json": "text" });
    let fails = true;
    const folder = await open((...given) => (fails ? Promise.reject(new TypeError("offline")) : fetch(...given)));
    await expect(folder.text("a.json")).rejects.toMatchObject({ code: "download" });
    fails = false;
    expect(await folder.text("a.json")).toBe("text");
  });

  it("tells of one progress over all files", async () => {
    const { fetch } = serve({ "a.safetensors": WEIGHTS, "b.safetensors": WEIGHTS });
    const told: { loaded: number; total: number; status: string; file: string }[] = [];
    const folder = await open(fetch, { onProgress: (progress) => told.push(progress) });
    await folder.blob("a.safetensors");
    await folder.blob("b.safetensors");
    expect(told[0]).toMatchObject({ file: "a.safetensors", loaded: 0, total: 200_000, status: "download" });
    expect(told.at(-1)).toMatchObject({ file: "b.safetensors", loaded: 400_000, total: 400_000, status: "done" });
    for (const [i, { loaded, total }] of told.entries()) {
      expect(loaded).toBeGreaterThanOrEqual(told[i - 1]?.loaded ?? 0);
      expect(loaded).toBeLessThanOrEqual(total);
    }
  });
});

describe("listed files", () => {
  afterEach(() => vi.unstubAllGlobals());

  const listed = (content: Uint8Array, changes: Partial<ListedFile> = {}): ListedFile => ({
    path: "decoder/w.safetensors",
    sizeBytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
    url: "http://models.test/karlo/w-x1.safetensors",
    ...changes,
  });

  /** The browser's Cache API, in memory. */
  function stubCaches(put?: () => Promise<void>) {
    const kept = new Map<string, Blob>();
    const cache = {
      match: async (key: string) => (kept.has(key) ? new Response(kept.get(key)!) : undefined),
      put: put ?? (async (key: string, response: Response) => void kept.set(key, await response.blob())),
    };
    vi.stubGlobal("caches", { open: async () => cache });
    return kept;
  }

  it("are known without a request, and asked for what is not listed nothing is", async () => {
    const { asked, fetch } = serve({});
    const folder = await openModelFolder([listed(WEIGHTS)], { fetch, name: "toy" });
    expect(folder.name).toBe("toy");
    expect(await folder.has("decoder/w.safetensors")).toBe(true);
    expect(await folder.has("tokenizer/tokenizer.json")).toBe(false);
    expect(await folder.sizeBytes("decoder/w.safetensors")).toBe(WEIGHTS.length);
    await expect(folder.text("b.json")).rejects.toMatchObject({ code: "input" });
    expect(asked).toEqual([]);
  });

  it("give parts, and the whole", async () => {
    const { asked, fetch } = serve({ "w-x1.safetensors": WEIGHTS });
    const folder = await openModelFolder([listed(WEIGHTS)], { fetch });
    expect(await folder.bytes("decoder/w.safetensors", 8, 16)).toEqual(WEIGHTS.slice(8, 16));
    expect((await folder.blob("decoder/w.safetensors")).size).toBe(WEIGHTS.length);
    expect(asked).toEqual(["w-x1.safetensors bytes=8-15", "w-x1.safetensors"]);
  });

  it("are refused if they are not what is listed", async () => {
    const other = WEIGHTS.map((byte) => byte ^ 1);
    const { fetch } = serve({ "w-x1.safetensors": other });
    const folder = await openModelFolder([listed(WEIGHTS)], { fetch, name: "toy" });
    await expect(folder.blob("decoder/w.safetensors")).rejects.toMatchObject({
      code: "download",
      message: expect.stringContaining("toy/decoder/w.safetensors: what arrived is not the file that is listed"),
    });
    const sized = await openModelFolder([listed(WEIGHTS, { sizeBytes: 7, sha256: undefined })], { fetch, name: "toy" });
    await expect(sized.blob("decoder/w.safetensors")).rejects.toMatchObject({
      message: "toy/decoder/w.safetensors: expected 7 bytes, got 200000; load the page again",
    });
  });

  it("are kept for the next visit, by their hash", async () => {
    stubCaches();
    const { asked, fetch } = serve({ "w-x1.safetensors": WEIGHTS });
    await (await openModelFolder([listed(WEIGHTS)], { fetch })).blob("decoder/w.safetensors");
    expect(asked).toEqual(["w-x1.safetensors"]);
    const told: { loaded: number; total: number }[] = [];
    const next = await openModelFolder([listed(WEIGHTS)], { fetch, onProgress: (one) => told.push(one) });
    expect(await next.bytes("decoder/w.safetensors", 8, 16)).toEqual(WEIGHTS.slice(8, 16));
    expect(new Uint8Array(await (await next.blob("decoder/w.safetensors")).arrayBuffer())).toEqual(WEIGHTS);
    expect(asked).toEqual(["w-x1.safetensors"]);
    expect(told).toEqual([]);
    const newer = WEIGHTS.map((byte) => byte ^ 1);
    const changed = serve({ "w-x1.safetensors": newer });
    const folder = await openModelFolder([listed(newer)], { fetch: changed.fetch });
    expect(new Uint8Array(await (await folder.blob("decoder/w.safetensors")).arrayBuffer())).toEqual(newer);
    expect(changed.asked).toEqual(["w-x1.safetensors"]);
  });

  it("are used all the same where the browser has no room to keep them, and progress says so", async () => {
    const full = Object.assign(new Error("full"), { name: "QuotaExceededError" });
    stubCaches(() => Promise.reject(full));
    const { fetch } = serve({ "w-x1.safetensors": WEIGHTS });
    const notes: (string | undefined)[] = [];
    const folder = await openModelFolder([listed(WEIGHTS)], {
      fetch,
      name: "toy",
      onProgress: ({ note }) => notes.push(note),
    });
    expect((await folder.blob("decoder/w.safetensors")).size).toBe(WEIGHTS.length);
    expect(notes.filter((note) => note !== undefined)).toEqual([
      "toy/decoder/w.safetensors: the browser does not keep this file (there is no room); it stays in memory and is fetched again on the next visit",
    ]);
  });
});

describe("a folder of the disk", () => {
  const file = (path: string, content: string): File =>
    Object.defineProperty(new File([content], path.split("/").at(-1)!), "webkitRelativePath", { value: path });

  it("is opened from chosen files", async () => {
    const folder = await openModelFolder([
      file("karlo/model_index.json", "{}"),
      file("karlo/prior/config.json", "text"),
    ]);
    expect(folder.name).toBe("karlo");
    expect(await folder.has("prior/config.json")).toBe(true);
    expect(await folder.has("config.json")).toBe(false);
    expect(await folder.text("prior/config.json")).toBe("text");
    expect(Buffer.from(await folder.bytes("prior/config.json", 1, 3)).toString()).toBe("ex");
    await expect(folder.blob("b")).rejects.toMatchObject({ code: "input", message: "karlo: there is no file b" });
    const posted = [{ path: "mine/prior/config.json", file: new File(["text"], "config.json") }];
    const again = await openModelFolder(posted);
    expect([again.name, await again.text("prior/config.json")]).toEqual(["mine", "text"]);
    await expect(openModelFolder([])).rejects.toMatchObject({ code: "input" });
  });

  it("is opened from a handle", async () => {
    const notFound = () => Promise.reject(Object.assign(new Error("no"), { name: "NotFoundError" }));
    const directory = (name: string, entries: Record<string, unknown>): Parameters<typeof openModelFolder>[0] =>
      ({
        kind: "directory",
        name,
        getDirectoryHandle: async (child: string) => entries[child] ?? notFound(),
        getFileHandle: async (child: string) => ({ getFile: async () => entries[child] ?? notFound() }),
      }) as never;
    const handle = directory("mine", {
      prior: directory("prior", { "config.json": new File(["text"], "config.json") }),
    });
    const folder = await openModelFolder(handle, { variant: "fp16" });
    expect(folder).toMatchObject({ name: "mine", variant: "fp16" });
    expect(await folder.text("prior/config.json")).toBe("text");
    expect(await folder.sizeBytes("prior/config.json")).toBe(4);
    expect(await folder.has("prior/other.json")).toBe(false);
    expect(await folder.has("other/config.json")).toBe(false);
    await expect(readCheckpoint(folder, "prior")).rejects.toMatchObject({ code: "weights" });
  });
});
