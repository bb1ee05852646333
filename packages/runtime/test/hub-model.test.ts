import { openHubModel, openModelFolder, selectModelFiles, type HubProgress } from "@unclip/runtime/node";
import { lstat, mkdir, readFile, readlink, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { gitSha1, MODEL, sha256, startHub } from "./hub-server.js";
import { CACHED, everything, setUp, WEIGHTS } from "./hub-setup.js";
import { readFolder, runPrior, temporaryFolder } from "./support.js";

describe("openHubModel", () => {
  it("opens a model whose weights ONNX Runtime maps from the cache", async () => {
    const { open, at, commit, files } = await setUp();
    const folder = await open();
    expect(folder).toMatchObject({ name: MODEL, id: MODEL, revision: "main", commit });
    expect(folder.directory).toBe(at("snapshots", commit));
    expect(folder.weightsDirectory).toBe(dirname(at()));
    expect(await folder.text("model_index.json")).toBe(files["model_index.json"]!.toString());
    const expected = await runPrior(await openModelFolder(fixturePath("karlo-tiny")));
    expect(await runPrior(folder)).toEqual(expected);
    expect(await runPrior(await openModelFolder(folder.directory))).toEqual(expected); // the same by path
  });

  it("fills the cache as Python's huggingface_hub does", async () => {
    const { open, at, commit, files } = await setUp();
    await open();
    expect(await readFile(at("refs/main"), "utf8")).toBe(commit);
    for (const [path, bytes] of Object.entries(files)) {
      const etag = path.endsWith(".safetensors") ? sha256(bytes) : gitSha1(bytes);
      const up = "../".repeat(path.split("/").length + 1);
      expect(await readlink(at("snapshots", commit, path)), path).toBe(`${up}blobs/${etag}`);
      expect((await lstat(at("blobs", etag))).isFile(), path).toBe(true);
      expect(await readFile(at("snapshots", commit, path)), path).toEqual(bytes);
    }
    const left = Object.keys(await readFolder(dirname(at())));
    expect(left.filter((path) => /incomplete|lock$|tmp$/.test(path))).toEqual([]);
  });

  it("fetches once what is in the cache, and nothing at all for a commit", async () => {
    const { open, hub, commit } = await setUp();
    await open();
    hub.exchanges.length = 0;
    await open();
    expect(hub.exchanges.map(({ path }) => path)).toEqual([`/api/models/${MODEL}/revision/main`]);
    hub.exchanges.length = 0;
    expect((await open({ id: `${MODEL}@${commit}` })).revision).toBe(commit);
    expect(hub.exchanges).toEqual([]);
  });

  it("reports one bar over all files", async () => {
    const { open, files } = await setUp();
    const events: HubProgress[] = [];
    await open({ onProgress: (event) => events.push(event) });
    const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    expect(events.every((event) => event.total === total && event.loaded <= total)).toBe(true);
    expect(events.map(({ loaded }) => loaded)).toEqual(events.map(({ loaded }) => loaded).sort((a, b) => a - b));
    expect(events.at(-1)).toMatchObject({ loaded: total, status: "done" });
    const ofWeights = events.filter(({ file }) => file === WEIGHTS);
    expect([...new Set(ofWeights.map(({ status }) => status))]).toEqual(["download", "verify", "done"]);
    expect(ofWeights.at(-1)).toMatchObject({ fileLoaded: files[WEIGHTS]!.length, fileTotal: files[WEIGHTS]!.length });

    events.length = 0;
    await open({ onProgress: (event) => events.push(event) });
    expect(events).toEqual([]);
  });

  it("follows a branch that moved, and fetches only what changed", async () => {
    const { open, hub, files, at, commit } = await setUp();
    await open();
    const moved = hub.push({ ...files, "prior/config.json": "{}" });
    hub.exchanges.length = 0;
    const folder = await open();
    expect([folder.commit, await folder.text("prior/config.json")]).toEqual([moved, "{}"]);
    expect(hub.exchanges.filter(({ path }) => path.includes("/resolve/")).map(({ path }) => path)).toEqual([
      `/${MODEL}/resolve/${moved}/prior/config.json`,
    ]);
    expect(await readFile(at("refs/main"), "utf8")).toBe(moved);
    expect((await open({ id: `${MODEL}@${commit}`, offline: true })).commit).toBe(commit); // the old one is still there
  });

  it("keeps the old snapshot when the new one cannot be had", async () => {
    const { open, hub, files, commit } = await setUp();
    await open();
    hub.push({ ...files, [WEIGHTS]: Buffer.concat([files[WEIGHTS]!, Buffer.alloc(8)]) });
    hub.fault = ({ on }) => (on === "storage" ? { status: 500 } : undefined);
    await expect(open({ retries: 0 })).rejects.toMatchObject({ code: "download" });
    expect((await open({ offline: true })).commit).toBe(commit);
  });

  it("opens tags and pull requests, whose names have a slash", async () => {
    const { open, hub, files, at } = await setUp();
    const commit = hub.push({ ...files, "README.md": "" }, "refs/pr/1"); // an empty file, too
    const folder = await open({ id: `${MODEL}@refs/pr/1` });
    expect([folder.commit, folder.name]).toEqual([commit, `${MODEL}@refs/pr/1`]);
    expect(await readFile(at("refs/refs/pr/1"), "utf8")).toBe(commit);
    expect(await folder.sizeBytes("README.md")).toBe(0);
  });

  it("repairs a file of the cache that is cut off", async () => {
    const { open, commit, at, files } = await setUp();
    await open();
    await truncate(at("snapshots", commit, WEIGHTS), 100);
    await expect(open({ offline: true })).rejects.toThrow(`${WEIGHTS} is not in the cache`);
    await open();
    expect(await readFile(at("snapshots", commit, WEIGHTS))).toEqual(files[WEIGHTS]);
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
    const { open, commit, at, files } = await setUp();
    await open();
    const pointer = await lstat(at("snapshots", commit, WEIGHTS));
    expect([pointer.isFile(), pointer.nlink]).toEqual([true, 2]); // a second name, no copy
    expect((await stat(at("blobs", sha256(files[WEIGHTS]!)))).ino).toBe(pointer.ino);
    vi.unstubAllEnvs();
  });
});

describe("openHubModel, offline", () => {
  it("makes no request once a model is cached", async () => {
    const { open, hub, commit } = await setUp();
    await open();
    hub.exchanges.length = 0;
    const forbidden = vi.fn<typeof fetch>();
    expect((await open({ offline: true, fetch: forbidden })).commit).toBe(commit);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect((await open({ fetch: forbidden })).commit).toBe(commit);
    vi.unstubAllEnvs();
    expect([hub.exchanges.length, forbidden.mock.calls.length]).toEqual([0, 0]);
  });

  it("says what is missing", async () => {
    const { open, cacheDir } = await setUp();
    const message = (what: string) =>
      `${MODEL}: ${what} is not in the cache (${cacheDir}); open the model once without offline (HF_HUB_OFFLINE)`;
    await expect(open({ offline: true })).rejects.toMatchObject({ code: "download", message: message("the model") });
    await open({ files: () => ["model_index.json", "prior/config.json"] });
    expect((await open({ offline: true, files: () => ["prior/config.json"] })).revision).toBe("main");
    await expect(open({ offline: true })).rejects.toThrow(message(`${WEIGHTS} and 1 more`));
    await expect(open({ offline: true, id: `${MODEL}@v2` })).rejects.toThrow("the model is not in the cache");
  });

  it("opens what an interrupted download left complete", async () => {
    const { open, hub, commit, at } = await setUp();
    hub.fault = ({ on }) => (on === "storage" ? { status: 500 } : undefined);
    await expect(open({ retries: 0 })).rejects.toMatchObject({ code: "download" });
    await expect(stat(at("snapshots"))).rejects.toThrow("ENOENT"); // no half snapshot for others to find
    hub.fault = () => undefined;
    await open();
    await rm(at("snapshots"), { recursive: true });
    expect((await open({ offline: true })).commit).toBe(commit); // linked anew from the blobs
  });
});

describe("openHubModel, options", () => {
  it("takes them from the environment", async () => {
    const { hub, cacheDir, commit } = await setUp({ token: "hf_secret" });
    vi.stubEnv("HF_ENDPOINT", `${hub.endpoint}/`);
    vi.stubEnv("HF_TOKEN", " hf_secret\n");
    for (const [variable, value] of [
      ["HF_HUB_CACHE", cacheDir],
      ["HF_HOME", dirname(cacheDir)],
    ] as const) {
      vi.stubEnv("HF_HUB_CACHE", "");
      vi.stubEnv(variable, value);
      const { directory } = await openHubModel(MODEL, { files: everything });
      expect(directory).toBe(join(cacheDir, CACHED, "snapshots", commit));
    }
    vi.unstubAllEnvs();
  });

  it("sends the token to the hub, not to the storage server", async () => {
    const { open, hub } = await setUp({ token: "hf_secret" });
    await open({ token: "hf_secret" });
    const sent = (on: string) => new Set(hub.exchanges.filter((e) => e.on === on).map((e) => e.headers.authorization));
    expect([[...sent("hub")], [...sent("storage")]]).toEqual([["Bearer hf_secret"], [undefined]]);
  });

  it("stays with a mirror that passes on the public hub's addresses of further pages", async () => {
    const { open, hub, commit } = await setUp();
    hub.pagesAt = "https://huggingface.co";
    expect((await open()).commit).toBe(commit);
    expect(hub.exchanges.filter(({ path }) => path.includes("/tree/")).length).toBe(2);
  });

  it.each(["karlo", "./maker/karlo", "maker/karlo/prior", "maker/..", "maker/karlo@", "maker/karlo@../x", "a b/c", ""])(
    'refuses "%s"',
    async (id) => {
      await expect(openHubModel(id)).rejects.toMatchObject({
        code: "input",
        message: `"${id}" is not the name of a model on the hub; expected owner/name or owner/name@revision`,
      });
    },
  );

  it("refuses an endpoint that is no address, and a selection that is not there", async () => {
    await expect(openHubModel(MODEL, { endpoint: "huggingface.co" })).rejects.toThrow(/endpoint: expected the address/);
    const { open } = await setUp();
    await expect(open({ files: () => ["prior/nothing"] })).rejects.toThrow('there is no file "prior/nothing"');
    await expect(open({ files: () => [] })).rejects.toThrow("none of its 4 files was selected");
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
