import { openModelFolder, readCheckpoint } from "@unclip/runtime/node";
import { cp, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { storedTensors, torchFileOf } from "../../../test-support/torch-file.js";
import { runPrior, temporaryFolder, writeSafetensors } from "./support.js";

async function component(): Promise<{
  folder: string;
  at: (file: string) => string;
  read: () => ReturnType<typeof readCheckpoint>;
}> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "prior"));
  return {
    folder,
    at: (file) => join(folder, "prior", file),
    read: async () => readCheckpoint(await openModelFolder(folder), "prior"),
  };
}

describe("readCheckpoint", () => {
  it("finds the weights of diffusers and transformers by their names", async () => {
    const folder = await openModelFolder(fixturePath("karlo-tiny"));
    const prior = await readCheckpoint(folder, "prior");
    expect(prior.weights.get("prd_embedding")).toMatchObject({
      type: "F32",
      file: "prior/diffusion_pytorch_model.safetensors",
    });
    expect((await readCheckpoint(folder, "text_encoder")).weights.has("text_projection.weight")).toBe(true);
  });

  it("joins the shards that an index lists", async () => {
    const { at, read } = await component();
    await writeSafetensors(at("diffusion_pytorch_model-00001-of-00002.safetensors"), { a: { dims: [2] } });
    await writeSafetensors(at("diffusion_pytorch_model-00002-of-00002.safetensors"), { b: { dims: [3] } });
    const shard = (n: number) => `diffusion_pytorch_model-0000${n}-of-00002.safetensors`;
    const index = { weight_map: { a: shard(1), b: shard(2) } };
    await writeFile(at("diffusion_pytorch_model.safetensors.index.json"), JSON.stringify(index));
    const { weights } = await read();
    expect([...weights].map(([name, { file }]) => [name, file])).toEqual([
      ["a", `prior/${shard(1)}`],
      ["b", `prior/${shard(2)}`],
    ]);

    await writeFile(
      at("diffusion_pytorch_model.safetensors.index.json"),
      JSON.stringify({ weight_map: { a: "other.safetensors" } }),
    );
    await expect(read()).rejects.toThrow(
      /prior\/other.safetensors is missing, which prior\/diffusion_pytorch_model.safetensors.index.json lists/,
    );
  });

  const prior = async () => readFile(fixturePath("karlo-tiny/prior/diffusion_pytorch_model.safetensors"));

  it("maps files of torch.save where there are no safetensors", async () => {
    const { folder, at, read } = await component();
    const tensors = storedTensors(await prior());
    await writeFile(at("diffusion_pytorch_model.bin"), torchFileOf(tensors));
    const { weights } = await read();
    expect([...weights.keys()].sort()).toEqual(Object.keys(tensors).sort());
    expect(weights.get("clip_mean")).toMatchObject({ type: "F32", file: "prior/diffusion_pytorch_model.bin" });
    const outcome = await runPrior(await openModelFolder(folder));
    expect(outcome).toEqual(await runPrior(await openModelFolder(fixturePath("karlo-tiny"))));

    await writeSafetensors(at("diffusion_pytorch_model.safetensors"), { a: { dims: [2] } });
    expect([...(await read()).weights.keys()]).toEqual(["a"]);
  });

  it("joins the shards of torch.save", async () => {
    const { at, read } = await component();
    const tensors = Object.entries(storedTensors(await prior())).slice(0, 2);
    const shard = (n: number) => `pytorch_model-0000${n}-of-00002.bin`;
    for (const [i, entry] of tensors.entries()) {
      await writeFile(at(shard(i + 1)), torchFileOf(Object.fromEntries([entry])));
    }
    const names = tensors.map(([name]) => name);
    const index = { metadata: {}, weight_map: Object.fromEntries(names.map((name, i) => [name, shard(i + 1)])) };
    await writeFile(at("pytorch_model.bin.index.json"), JSON.stringify(index));
    expect([...(await read()).weights].map(([name, { file }]) => [name, file])).toEqual(
      names.map((name, i) => [name, `prior/${shard(i + 1)}`]),
    );
  });

  it("refuses a file of torch.save that asks for code", async () => {
    const { at, read } = await component();
    await cp(fixturePath("torch-files/os-system.bin"), at("pytorch_model.bin"));
    await expect(read()).rejects.toThrow(
      /prior\/pytorch_model\.bin asks for posix\.system; a checkpoint needs no code/,
    );
  });

  it.each([
    ["a list", [], /expected a weight_map/],
    ["names that are no texts", { a: { toString: 1 } }, /\{"toString":1\} is not the name of a weight file beside it/],
    ["another folder", { a: "../decoder/model.safetensors" }, /is not the name of a weight file beside it/],
    ["a drive", { a: "c:\\model.safetensors" }, /is not the name of a weight file beside it/],
    ["a file of another kind", { a: "config.json" }, /"config\.json" is not the name of a weight file beside it/],
  ])("refuses an index of %s", async (_, map, message) => {
    const { at, read } = await component();
    await writeFile(at("config.json"), "{}");
    await writeFile(at("model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
    await expect(read()).rejects.toMatchObject({ code: "weights", message: expect.stringMatching(message) });
  });

  it("refuses a component without weights", async () => {
    await expect((await component()).read()).rejects.toThrow(
      /prior: no weights; expected diffusion_pytorch_model.safetensors or model.safetensors or .* or pytorch_model.bin/,
    );
  });

  it("refuses a file that is cut off, whatever the place", async () => {
    const { at, read } = await component();
    const path = at("diffusion_pytorch_model.safetensors");
    const whole = fixturePath("karlo-tiny/prior/diffusion_pytorch_model.safetensors");
    const size = (await readFile(whole)).length;
    for (const [end, message] of [
      [size - 1, /it is cut off, download it again/],
      [100, /it is cut off/],
      [4, /not a safetensors file/],
      [0, /not a safetensors file/],
    ] as const) {
      await cp(whole, path);
      await truncate(path, end);
      await expect(read(), `cut at ${end}`).rejects.toThrow(message);
    }
  });
});

describe("openModelFolder", () => {
  it("refuses what is not a folder", async () => {
    await expect(openModelFolder("no/such/folder")).rejects.toMatchObject({
      code: "input",
      message: "no/such/folder: no such folder; give the path of a model folder",
    });
    await expect(openModelFolder(fixturePath("random.json"))).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(/this is a file; give the folder that holds model_index.json/),
    });
  });
});
