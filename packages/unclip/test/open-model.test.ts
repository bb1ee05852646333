import { existsSync } from "node:fs";
import { openModelFolder } from "@unclip/runtime";
import { UnclipError } from "@unclip/tensor";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import { MODEL, startHub, type HubServer } from "../../../test-support/hub-server.js";
import { openModel, type SourceOptions } from "../src/open-model.js";
import { folderOf, refusal } from "./support.js";

vi.mock("@unclip/runtime", { spy: true });

let hub: HubServer;
beforeEach(async () => {
  hub = await startHub();
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", await temporaryFolder());
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetAllMocks();
});

const open = (source: string | URL, options: SourceOptions = {}) =>
  openModel(source, options, async () => ["model_index.json"]);

describe("what is spelled like an id of the hub", () => {
  it("is a model of the hub, and its name says which files", async () => {
    const commit = hub.push({ "model_index.json": "{}" });
    const { folder, name } = await open(MODEL);
    expect(name).toBe(`${MODEL}@${commit}`);
    expect(await folder.text("model_index.json")).toBe("{}");
  });

  it("is taken from the cache alone where that is asked for", async () => {
    hub.push({ "model_index.json": "{}" });
    await expect(open(MODEL, { offline: true })).rejects.toMatchObject({ code: "download" });
    expect(hub.exchanges).toEqual([]);
  });

  it("is a folder where there is one", async () => {
    const source = existsSync("test/worker") ? "test/worker" : "packages/unclip"; // from the package, or from the repository
    expect((await open(source)).name).toBe(source);
    expect(hub.exchanges).toEqual([]);
  });

  it.each(["model_index.json", "config.json"])("is an address in a browser where %s is there", async (file) => {
    const address = folderOf({ [file]: "{}" });
    vi.mocked(openModelFolder).mockResolvedValue(address as never);
    expect(await open(MODEL)).toEqual({ folder: address, name: address.name });
    expect(hub.exchanges).toEqual([]);
  });

  it("is no address in a browser where no model is there", async () => {
    const commit = hub.push({ "model_index.json": "{}" });
    for (const files of [{}, { "index.html": "" }] as Record<string, string>[]) {
      vi.mocked(openModelFolder).mockResolvedValueOnce(folderOf(files) as never);
      expect((await open(MODEL)).name).toBe(`${MODEL}@${commit}`);
    }
    vi.mocked(openModelFolder).mockRejectedValueOnce(new UnclipError("input", "no such address"));
    expect((await open(MODEL)).name).toBe(`${MODEL}@${commit}`);
  });
});

describe("openModel", () => {
  it.each([
    [{}, undefined],
    [{ dtype: "fp32" }, undefined],
    [{ dtype: "fp16" }, "fp16"],
  ] as const)("%j reads the files of the variant %s", async (options, variant) => {
    const folder = await temporaryFolder();
    const { signal } = new AbortController();
    await open(folder, { ...options, signal });
    expect(openModelFolder).toHaveBeenCalledExactlyOnceWith(folder, expect.objectContaining({ variant, signal }));
  });

  it("calls the shipped model toybox, wherever it lies", async () => {
    const { folder, name } = await open("toybox");
    expect(name).toBe("toybox");
    const called = expect.objectContaining({ name: "toybox" });
    expect(openModelFolder).toHaveBeenCalledExactlyOnceWith(expect.anything(), called);
    expect(await folder.has("model_index.json")).toBe(true);
  });

  it("says how to install the shipped model where it is not", async () => {
    vi.doMock("@unclip/toybox", () => {
      throw new Error("not found");
    });
    await expect(open("toybox")).rejects.toThrow(
      refusal(/^toybox: the shipped model is not installed; install it with "npm install @unclip\/toybox", or name/),
    );
    vi.doUnmock("@unclip/toybox");
  });

  it("calls a folder as the caller does", async () => {
    const folder = await temporaryFolder();
    expect(await open(`${folder}/`)).toMatchObject({ name: folder, folder: { directory: folder } });
    await expect(open(`${folder}/none`)).rejects.toThrow(refusal(/no such folder/));
  });
});
