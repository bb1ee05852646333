import { resolveModel } from "@unclip/hub/web";
import { describe, expect, it, vi } from "vitest";
import { MODEL } from "../../../test-support/hub-server.js";
import { errorOf, setUp } from "./setup.js";

/** A hub that redirects so many times before it answers. */
function redirecting(
  times: number,
  status = 307,
): { fetch: typeof fetch; asked: { url: string; init: RequestInit }[] } {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    asked.push({ url: String(url), init: init! });
    const headers = { location: `/${asked.length}` };
    return asked.length <= times ? new Response(null, { status, headers }) : Response.json({ sha: "none" });
  };
  return { fetch, asked };
}

describe("a request", () => {
  it("follows eight redirects, and no ninth", async () => {
    const { open, hub } = await setUp();
    const eight = redirecting(8);
    expect((await errorOf(open({ fetch: eight.fetch }))).message).toContain("does not answer as a hub does");
    expect(eight.asked.length).toBe(9);
    const nine = redirecting(9);
    const url = `${hub.endpoint}/api/models/${MODEL}/revision/main`;
    expect(await errorOf(open({ fetch: nine.fetch }))).toEqual({
      code: "download",
      message: `${MODEL}: ${url} is redirected more than 8 times`,
    });
    expect(nine.asked.map((request) => request.url)).toEqual([
      url,
      ...Array.from({ length: 8 }, (_, i) => `${hub.endpoint}/${i + 1}`),
    ]);
  });

  it("asks for bytes as they are, without following by itself", async () => {
    const { open } = await setUp();
    const { fetch, asked } = redirecting(0);
    await errorOf(open({ fetch }));
    expect(asked[0]!.init).toMatchObject({ redirect: "manual" });
    expect(asked[0]!.init.headers).toEqual({ "accept-encoding": "identity", "user-agent": "unclip" });
  });

  it.each([400, 404, 410, 418])("is not redirected by a status %d that names a place", async (status) => {
    const { open } = await setUp();
    const { fetch, asked } = redirecting(1, status);
    await errorOf(open({ fetch }));
    expect(asked.length).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])("is redirected by a status %d, if it names a place", async (status) => {
    const { open, hub } = await setUp();
    const { fetch, asked } = redirecting(1, status);
    await errorOf(open({ fetch }));
    expect(asked.length).toBe(2);
    const nowhere: typeof globalThis.fetch = async () => new Response(null, { status, statusText: "Elsewhere" });
    expect((await errorOf(open({ fetch: nowhere }))).message).toBe(
      `${MODEL}: ${new URL(hub.endpoint).host} answered ${status} Elsewhere`,
    );
  });

  it("that is not read to its end gives its connection back", async () => {
    const { open } = await setUp();
    const cancelled: string[] = [];
    const endless = (name: string) =>
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => void cancelled.push(name),
      });
    await errorOf(open({ fetch: async () => new Response(endless("refused"), { status: 404 }) }));
    expect(cancelled).toEqual(["refused"]);
    const wrongHash = { "x-linked-etag": '"x"' };
    const fetch: typeof globalThis.fetch = async (url, init) =>
      String(url).includes("/resolve/")
        ? new Response(endless("file"), { status: 200, headers: wrongHash })
        : globalThis.fetch(url, init);
    await errorOf(open({ fetch, files: () => ["model_index.json"] }));
    expect(cancelled).toEqual(["refused", "file"]);
  });

  it("leaves no timer behind, which would keep the process alive", async () => {
    const { open } = await setUp();
    const started = vi.spyOn(globalThis, "setTimeout");
    const stopped = vi.spyOn(globalThis, "clearTimeout");
    await open({ idleTimeoutMs: 123_457, listingTimeoutMs: 123_458 });
    for (const ms of [123_457, 123_458]) {
      const timers = started.mock.results.filter((_, i) => started.mock.calls[i]![1] === ms).map(({ value }) => value);
      expect(timers.length).toBeGreaterThan(0);
      for (const timer of timers) expect(stopped.mock.calls.some(([cleared]) => cleared === timer)).toBe(true);
    }
    vi.restoreAllMocks();
  });

  it("tells the cause of what went wrong", async () => {
    const { open } = await setUp();
    const cause = new Error("mine");
    await expect(open({ fetch: () => Promise.reject(cause), retries: 0 })).rejects.toMatchObject({ cause });
    await expect(resolveModel(MODEL, { fetch: () => Promise.reject(cause) })).rejects.toMatchObject({ cause });
  });
});
