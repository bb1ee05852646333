import { openHubModel, openModelFolder, selectModelFiles, type OpenHubModelOptions } from "@unclip/runtime/node";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { MODEL, sha256, startHub } from "../../../test-support/hub-server.js";
import { fixturePath } from "../../../test-support/index.js";
import { readFolder, runPrior, temporaryFolder } from "./support.js";

const WEIGHTS = "prior/diffusion_pytorch_model.safetensors";

/** A hub with the prior and the vocabulary of the fixture, and an empty cache. */
async function setUp() {
  const wanted = /^(prior\/|tokenizer\/vocab|model_index)/;
  const files = await readFolder(fixturePath("karlo-tiny"), (path) => wanted.test(path));
  const hub = await startHub();
  const commit = hub.push(files);
  const cacheDir = join(await temporaryFolder(), "hub");
  const open = (options: OpenHubModelOptions = {}) =>
    openHubModel(MODEL, { endpoint: hub.endpoint, cacheDir, files: () => Object.keys(files), ...options });
  const at = (...path: string[]) => join(cacheDir, `models--${MODEL.replace("/", "--")}`, ...path);
  return { files, commit, cacheDir, open, at };
}

describe("openHubModel", () => {
  it("opens a model whose weights ONNX Runtime maps from the cache", async () => {
    const { open, at, commit, files, cacheDir } = await setUp();
    const folder = await open();
    expect(folder).toMatchObject({ name: MODEL, id: MODEL, revision: "main", commit });
    expect(folder.directory).toBe(at("snapshots", commit));
    expect(folder.weightsDirectory).toBe(cacheDir);
    expect(await folder.text("model_index.json")).toBe(files["model_index.json"]!.toString());
    const expected = await runPrior(await openModelFolder(fixturePath("karlo-tiny")));
    expect(await runPrior(folder)).toEqual(expected);
    expect(await runPrior(await openModelFolder(folder.directory))).toEqual(expected); // the same by path
  });

  it("runs weights in the blob store that newer versions of Python's huggingface_hub share between models", async () => {
    const { open, commit, at, cacheDir, files } = await setUp();
    await open();
    const blob = at("blobs", sha256(files[WEIGHTS]!));
    const shared = join(cacheDir, "blobs/ab", "ab".repeat(32));
    await mkdir(dirname(shared), { recursive: true });
    await writeFile(shared, files[WEIGHTS]!);
    await rm(blob);
    await symlink(`../../blobs/ab/${"ab".repeat(32)}`, blob);
    const folder = await open({ offline: true });
    expect([folder.weightsDirectory, folder.commit]).toEqual([cacheDir, commit]);
    expect(await runPrior(folder)).toEqual(await runPrior(await openModelFolder(fixturePath("karlo-tiny"))));
  });

  it("does without symbolic links where they are off", async () => {
    vi.stubEnv("HF_HUB_DISABLE_SYMLINKS", "1");
    const { open } = await setUp();
    const folder = await open();
    expect(await runPrior(folder)).toEqual(await runPrior(await openModelFolder(fixturePath("karlo-tiny"))));
    vi.unstubAllEnvs();
  });
});

describe("selectModelFiles", () => {
  const select = async (
    names: readonly string[],
    options: Parameters<typeof selectModelFiles>[0] = {},
    variant?: string,
  ) => {
    const hub = await startHub();
    const index = { weight_map: { a: "model-00001-of-00001.safetensors" } };
    const components = {
      _class_name: "UnCLIPPipeline",
      prior: ["diffusers", "X"],
      tokenizer: ["t", "Y"],
      none: [null, null],
    };
    const contentOf = (name: string) =>
      name === "model_index.json" ? components : name.includes(".index.") ? index : {};
    hub.push(Object.fromEntries(names.map((name) => [name, JSON.stringify(contentOf(name))])));
    const cacheDir = await temporaryFolder();
    let selected: readonly string[] = [];
    await openHubModel(MODEL, {
      endpoint: hub.endpoint,
      cacheDir,
      variant,
      files: async (repository) => (selected = await selectModelFiles(options)(repository)),
    }).catch((error: unknown) => {
      if (selected.length === 0) throw error;
    });
    return [...selected].sort();
  };
  const pipeline = [
    "README.md",
    "model_index.json",
    "prior/config.json",
    "prior/diffusion_pytorch_model.bin",
    "prior/diffusion_pytorch_model.fp16.bin",
    "prior/diffusion_pytorch_model.fp16.safetensors",
    "prior/diffusion_pytorch_model.safetensors",
    "prior/model.onnx",
    "prior/old/config.json",
    "safety_checker/config.json",
    "tokenizer/merges.txt",
    "tokenizer/vocab.json",
  ];
  const texts = ["model_index.json", "prior/config.json", "tokenizer/merges.txt", "tokenizer/vocab.json"];

  it("takes each component's configs, vocabulary and one copy of its weights", async () => {
    expect(await select(pipeline)).toEqual([...texts, "prior/diffusion_pytorch_model.safetensors"].sort());
    const fp16 = [...texts, "prior/diffusion_pytorch_model.fp16.safetensors"];
    expect(await select(pipeline, {}, "fp16")).toEqual(fp16.sort());
    expect(await select(pipeline, { components: ["tokenizer"] })).toEqual([texts[0], texts[2], texts[3]]);
  });

  it("takes the shards that an index lists", async () => {
    const files = [
      "model.safetensors.index.json",
      "model-00001-of-00001.safetensors",
      "model-00001-of-00002.safetensors",
    ];
    expect(await select([...files, "config.json", "pytorch_model.bin.index.json", "vocab.json"])).toEqual(
      ["config.json", "vocab.json", files[0], files[1]].sort(),
    );
  });

  it("takes files of torch.save where there are no safetensors", async () => {
    const bin = "prior/diffusion_pytorch_model.bin";
    expect(await select(["model_index.json", bin])).toEqual(["model_index.json", bin]);
  });
});
