import { execFile } from "node:child_process";
import { lstat, mkdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { gitSha1, MODEL, sha256 } from "../../../test-support/hub-server.js";
import { CACHED, setUp, WEIGHTS, type Setup } from "./setup.js";
import { readFolder } from "../../../test-support/folders.js";

/** A model that does not change with other fixtures. */
const files = {
  "model_index.json": Buffer.from("{}"),
  "prior/config.json": Buffer.from('{ "num_layers": 2 }'),
  [WEIGHTS]: Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251)),
  "tokenizer/merges.txt": Buffer.alloc(0),
};

/** What Python's huggingface_hub wrote for this model: the text of refs and trees, the targets of links, "blob" for blobs.
 * Made by the first test of the second part, with WRITE_FIXTURES=1 in the environment. */
interface PythonCache {
  readonly tool: string;
  readonly entries: Readonly<Record<string, string>>;
}

const FIXTURE = join(import.meta.dirname, "fixtures/python-hub-cache.json");
const readCache = async () => JSON.parse(await readFile(FIXTURE, "utf8")) as PythonCache;

/** The model's part of the cache, in the form of the fixture. */
async function describeCache(folder: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for (const [path, content] of Object.entries(await readFolder(folder))) {
    const isLink = (await lstat(join(folder, path))).isSymbolicLink();
    if (isLink) entries[path] = `-> ${await readlink(join(folder, path))}`;
    else entries[path] = path.startsWith("blobs/") ? "blob" : content.toString();
  }
  return entries;
}

/** Only what both write: the listing is kept in places of their own. */
const withoutListing = (entries: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(entries).filter(([path]) => !/^(trees|\.unclip)\//.test(path)));

describe("the cache of Python's huggingface_hub", () => {
  it("is what we write", async () => {
    const { open, at } = await setUp({ files });
    await open();
    expect(withoutListing(await describeCache(at()))).toEqual(withoutListing((await readCache()).entries));
  });

  it("is what we read", async () => {
    const setup = await setUp({ files });
    const { at, open, hub, commit } = setup;
    const contents = new Map(
      Object.values(files).flatMap((bytes) => [gitSha1(bytes), sha256(bytes)].map((etag) => [etag, bytes])),
    );
    for (const [path, entry] of Object.entries((await readCache()).entries)) {
      await mkdir(dirname(at(path)), { recursive: true });
      if (entry.startsWith("-> ")) await symlink(entry.slice(3), at(path));
      else await writeFile(at(path), entry === "blob" ? contents.get(path.slice("blobs/".length))! : entry);
    }
    expect((await open({ offline: true })).commit).toBe(commit);
    expect(hub.exchanges).toEqual([]);
    await open();
    expect(hub.exchanges.map(({ path }) => path)).toEqual([`/api/models/${MODEL}/revision/main`]);
  });
});

/** Runs Python with huggingface_hub and the names hub (the module) and cache (the folder).
 * @returns what it prints */
async function runPython(code: string, { hub, cacheDir }: Pick<Setup, "hub" | "cacheDir">): Promise<string> {
  const program = `import huggingface_hub as hub; cache = ${JSON.stringify(cacheDir)}\n${code}`;
  const env = {
    ...process.env,
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_DISABLE_TELEMETRY: "1",
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
  };
  return (await promisify(execFile)("python3", ["-c", program], { env })).stdout.trim();
}

const version = await promisify(execFile)("python3", [
  "-c",
  "import huggingface_hub; print(huggingface_hub.__version__)",
]).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
);

// Nobody needs Python to test the project: the fixture above stands for it. Where it is installed, it is asked itself.
if (version !== undefined) {
  describe(`Python's huggingface_hub ${version}`, () => {
    it("fetches from the hub of these tests what the fixture holds, and we find it", async () => {
      const setup = await setUp({ files });
      await runPython(`hub.snapshot_download("${MODEL}", cache_dir=cache)`, setup);
      const entries = await describeCache(setup.at());
      if (process.env["WRITE_FIXTURES"]) {
        await mkdir(dirname(FIXTURE), { recursive: true });
        const tool = `huggingface_hub ${version}: snapshot_download`;
        await writeFile(FIXTURE, `${JSON.stringify({ tool, entries } satisfies PythonCache, null, 2)}\n`);
      }
      expect(withoutListing(entries)).toEqual(withoutListing((await readCache()).entries));
      expect((await setup.open({ offline: true })).commit).toBe(setup.commit);
    });

    it("finds what we fetched", async () => {
      const setup = await setUp({ files });
      await setup.open();
      setup.hub.exchanges.length = 0;
      const code = `
print(hub.snapshot_download("${MODEL}", cache_dir=cache, local_files_only=True))
print(hub.try_to_load_from_cache("${MODEL}", "${WEIGHTS}", cache_dir=cache))
print(hub.hf_hub_download("${MODEL}", "model_index.json", cache_dir=cache, local_files_only=True))
scan = hub.scan_cache_dir(cache)
print(len(scan.warnings), [(r.repo_id, r.nb_files, [sorted(v.refs) for v in r.revisions]) for r in scan.repos])`;
      const snapshot = join(setup.cacheDir, CACHED, "snapshots", setup.commit);
      expect((await runPython(code, setup)).split("\n")).toEqual([
        snapshot,
        join(snapshot, WEIGHTS),
        join(snapshot, "model_index.json"),
        `0 [('${MODEL}', 4, [['main']])]`,
      ]);
      expect(setup.hub.exchanges).toEqual([]);
    });

    it("finds a part of the model that we fetched, and completes it", async () => {
      const setup = await setUp({ files });
      await setup.open({ files: () => ["model_index.json", WEIGHTS] });
      const local = await runPython(
        `print(hub.snapshot_download("${MODEL}", cache_dir=cache, local_files_only=True))`,
        setup,
      );
      expect(local).toBe(join(setup.cacheDir, CACHED, "snapshots", setup.commit));
      setup.hub.exchanges.length = 0;
      await runPython(`hub.snapshot_download("${MODEL}", cache_dir=cache)`, setup);
      expect(setup.hub.requestsFor(WEIGHTS)).toEqual([]);
      expect(withoutListing(await describeCache(setup.at()))).toEqual(withoutListing((await readCache()).entries));
    });
  });
}
