import { openModelFolder } from "@unclip/runtime/web";
import { describe, expect, it } from "vitest";

type Fetch = typeof fetch;
const answering =
  (answer: () => Response | Promise<Response>): Fetch =>
  async () =>
    answer();

describe("openModelFolder of the web", () => {
  it("is named for its address, whatever its end, or as it is told", async () => {
    const asked: string[] = [];
    const fetch: Fetch = async (url) => {
      asked.push(String(url));
      return new Response("text");
    };
    for (const end of ["", "/", "//"]) {
      const folder = await openModelFolder(`http://models.test/karlo${end}`, { fetch });
      expect(folder.name).toBe("http://models.test/karlo");
      expect("variant" in folder).toBe(false);
      expect(await folder.text("a.json")).toBe("text");
    }
    expect(new Set(asked)).toEqual(new Set(["http://models.test/karlo/a.json"]));
    const named = await openModelFolder(new URL("http://models.test/karlo"), { fetch, name: "mine", variant: "fp16" });
    expect(named).toMatchObject({ name: "mine", variant: "fp16" });
  });

  it("says which file is not there", async () => {
    const folder = await openModelFolder("http://models.test/karlo", {
      fetch: answering(() => new Response(null, { status: 404 })),
    });
    expect(await folder.has("a.json")).toBe(false);
    for (const read of [folder.text("a.json"), folder.sizeBytes("a.json"), folder.blob("a.json")]) {
      await expect(read).rejects.toMatchObject({
        code: "download",
        message: "http://models.test/karlo/a.json: not found",
      });
    }
  });

  it("says what the server answered", async () => {
    const fetch = answering(() => new Response(null, { status: 503, statusText: "Busy" }));
    const folder = await openModelFolder("http://models.test/karlo", { fetch });
    await expect(folder.has("a.json")).rejects.toMatchObject({
      code: "download",
      message: "http://models.test/karlo/a.json: the server answered 503 Busy",
    });
  });

  it("says that the server cannot be reached, and keeps the cause", async () => {
    const cause = new TypeError("fetch failed");
    const fetch = answering(() => Promise.reject(cause));
    const folder = await openModelFolder("http://models.test/karlo", { fetch });
    await expect(folder.has("a.json")).rejects.toMatchObject({
      code: "download",
      message: "http://models.test/karlo/a.json: the server cannot be reached; check the address and the connection",
      cause,
    });
  });

  it("stops with its signal", async () => {
    const controller = new AbortController();
    const fetch: Fetch = (_, init) =>
      new Promise((_, reject) => init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason)));
    const folder = await openModelFolder("http://models.test/karlo", { fetch, signal: controller.signal });
    const reading = folder.has("a.json");
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: "aborted" });
  });

  it("refuses a text that would not fit in memory, and takes one that just does", async () => {
    const sized = (size: number) =>
      new Response("start", { status: 206, headers: { "content-range": `bytes 0-4/${size}` } });
    const open = (size: number) =>
      openModelFolder("http://models.test/karlo", {
        name: "karlo",
        fetch: async (_, init) => (init?.headers === undefined ? new Response("whole") : sized(size)),
      });
    expect(await (await open(2 ** 27)).text("a.json")).toBe("whole");
    await expect((await open(2 ** 27 + 1)).text("a.json")).rejects.toMatchObject({
      code: "config",
      message: "karlo/a.json: expected a text of 134217728 bytes at most, got 134217729",
    });
  });

  it("refuses a path that is no address", async () => {
    const folder = await openModelFolder("http://models.test/karlo", { fetch: answering(() => new Response("")) });
    await expect(folder.has("http://[")).rejects.toMatchObject({
      code: "input",
      message: 'http://models.test/karlo/: "http://[" leads out of the model folder',
    });
  });
});
