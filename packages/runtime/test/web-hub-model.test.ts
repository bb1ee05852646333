import { openHubModel, openModelFolder, readCheckpoint } from "@unclip/runtime/web";
import { describe, expect, it } from "vitest";
import { MODEL, startHub } from "../../../test-support/hub-server.js";
import { fixturePath } from "../../../test-support/index.js";
import { readFolder } from "./support.js";

async function setUp() {
  const wanted = /^(prior\/|tokenizer\/vocab|model_index)/;
  const files = await readFolder(fixturePath("karlo-tiny"), (path) => wanted.test(path));
  const hub = await startHub();
  return { hub, files, commit: hub.push(files) };
}

describe("openHubModel of the web", () => {
  it("fetches files of one commit as they are needed", async () => {
    const { hub, files, commit } = await setUp();
    const folder = await openHubModel(MODEL, { endpoint: `${hub.endpoint}/` });
    expect(folder).toMatchObject({ name: MODEL, id: MODEL, revision: "main", commit });
    hub.push({ ...files, "model_index.json": "moved" });
    expect(await folder.text("model_index.json")).toBe(files["model_index.json"]!.toString());
    const weights = "prior/diffusion_pytorch_model.safetensors";
    expect([...(await readCheckpoint(folder, "prior")).weights.values()][0]!.file).toBe(weights);
    expect(await folder.has("no/such/file")).toBe(false);
    expect(hub.requestsFor(weights).length).toBe(1);
    expect(hub.requestsFor("tokenizer/vocab.json")).toEqual([]);
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
