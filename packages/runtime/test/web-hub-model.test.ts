import { openHubModel, openModelFolder, readCheckpoint } from "@unclip/runtime/web";
import { describe, expect, it } from "vitest";
import { MODEL } from "./hub-server.js";
import { setUp, WEIGHTS } from "./hub-setup.js";

describe("openHubModel of the web", () => {
  it("fetches files of one commit as they are needed", async () => {
    const { hub, files, commit } = await setUp();
    const folder = await openHubModel(MODEL, { endpoint: `${hub.endpoint}/` });
    expect(folder).toMatchObject({ name: MODEL, id: MODEL, revision: "main", commit });
    hub.push({ ...files, "model_index.json": "moved" });
    expect(await folder.text("model_index.json")).toBe(files["model_index.json"]!.toString());
    expect([...(await readCheckpoint(folder, "prior")).weights.values()][0]!.file).toBe(WEIGHTS);
    expect(await folder.has("no/such/file")).toBe(false);
    expect(hub.requestsFor(WEIGHTS).length).toBe(1);
    expect(hub.requestsFor("tokenizer/vocab.json")).toEqual([]);
  });

  it("refuses what browsers do not have", async () => {
    for (const option of [{ token: "hf_x" }, { cacheDir: "/x" }, { offline: true }]) {
      await expect(openHubModel(MODEL, option)).rejects.toMatchObject({
        code: "input",
        message: `${Object.keys(option)[0]}: not available in browsers; leave it out`,
      });
    }
  });

  it("says what is wrong in one sentence", async () => {
    const { hub } = await setUp();
    const { endpoint } = hub;
    await expect(openHubModel("maker/other", { endpoint })).rejects.toThrow(
      /^maker\/other: .* answered 404; check the spelling of model and revision; a private model cannot be opened in a browser$/,
    );
    await expect(openHubModel(MODEL, { endpoint: "http://127.0.0.1:9" })).rejects.toThrow(
      /cannot be reached; check the/,
    );
    await expect(openHubModel(MODEL, { endpoint, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("openModelFolder of the web", () => {
  it("tries again after a failure", async () => {
    const { hub, commit } = await setUp();
    const folder = await openModelFolder(`${hub.endpoint}/${MODEL}/resolve/${commit}/`);
    hub.fault = () => ({ status: 500 });
    await expect(folder.text("model_index.json")).rejects.toMatchObject({ code: "download" });
    hub.fault = () => undefined;
    expect(await folder.text("model_index.json")).toContain("UnCLIPPipeline");
  });
});
