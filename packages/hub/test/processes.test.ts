import { readdir, readFile, rm, stat } from "node:fs/promises";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { build } from "tsup";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { MODEL, sha256 } from "../../../test-support/hub-server.js";
import { expectSame, setUp, WEIGHTS, type Setup } from "./setup.js";

/** The package as one file, which other processes can run without a build. */
let bundle: string;

beforeAll(async () => {
  const outDir = join(import.meta.dirname, "../node_modules/.cache/hub-processes");
  await build({
    entry: { hub: join(import.meta.dirname, "../src/node.ts") },
    outDir,
    format: "esm",
    config: false,
    silent: true,
    noExternal: [/^@unclip\//],
    esbuildOptions: (options) => void (options.conditions = ["@unclip/source", "node", "import"]),
  });
  bundle = join(outDir, "hub.js");
  return () => rm(outDir, { recursive: true, force: true });
});

/** A process that opens the model and prints the status of each progress event. */
function startProcess({ hub, cacheDir }: Setup): ChildProcess {
  const program = `
    import { fetchSnapshot } from ${JSON.stringify(bundle)};
    await fetchSnapshot(${JSON.stringify(MODEL)}, {
      files: ({ files }) => files.map(({ path }) => path),
      onProgress: ({ file, fileLoaded, status }) => console.log(file, fileLoaded, status),
    });`;
  const env = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cacheDir };
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const ended = (child: ChildProcess) => new Promise<number | null>((done) => child.once("exit", (code) => done(code)));

/** Resolves when some of the large file has arrived. */
async function hasBegun(child: ChildProcess): Promise<void> {
  for await (const text of child.stdout!) {
    if (new RegExp(`${WEIGHTS} [1-9]\\d+ download`).test(String(text))) return;
  }
}

const lockOf = ({ cacheDir, files }: Setup) =>
  join(cacheDir, ".locks/models--maker--karlo-tiny", `${sha256(files[WEIGHTS]!)}.unclip.lock`);

async function expectWhole({ at, commit, files, cacheDir }: Setup): Promise<void> {
  expectSame(await readFile(at("snapshots", commit, WEIGHTS)), files[WEIGHTS]);
  expect((await readdir(at("blobs"))).filter((name) => name.includes("incomplete"))).toEqual([]);
  expect(await readdir(join(cacheDir, ".locks/models--maker--karlo-tiny"))).toEqual([]);
}

describe("fetchSnapshot, several processes", () => {
  it("lets one fetch a file while the others wait", async () => {
    const setup = await setUp();
    setup.hub.fault = ({ on }) => (on === "storage" ? { slowMs: 60 } : undefined);
    const children = [startProcess(setup), startProcess(setup)];
    expect(await Promise.all(children.map(ended))).toEqual([0, 0]);
    expect(setup.hub.requestsFor(WEIGHTS).length).toBe(1);
    await expectWhole(setup);
  });

  it("goes on from what a killed process left, without waiting for its lock", async () => {
    const setup = await setUp();
    setup.hub.fault = ({ on }) => (on === "storage" ? { slowMs: 100 } : undefined);
    const child = startProcess(setup);
    await hasBegun(child);
    child.kill("SIGKILL");
    await ended(child);
    const { size } = await stat(setup.at("blobs", `${sha256(setup.files[WEIGHTS]!)}.incomplete`));
    expect(size).toBeGreaterThan(0);
    await expect(stat(setup.at("snapshots"))).rejects.toThrow("ENOENT");
    setup.hub.exchanges.length = 0;
    await setup.open();
    expect(setup.hub.requestsFor(WEIGHTS).map(({ headers }) => headers.range)).toEqual([`bytes=${size}-`]);
    await expectWhole(setup);
  });

  it("comes to no harm where locks do not hold", async () => {
    const setup = await setUp();
    setup.hub.fault = ({ on }) => (on === "storage" ? { slowMs: 40 } : undefined);
    const unlock = setInterval(() => void rm(lockOf(setup), { force: true }), 10);
    const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
    const work = [0, 100, 200].map(async (ms) => pause(ms).then(() => setup.open()));
    await Promise.all(work).finally(() => clearInterval(unlock));
    expect(setup.hub.requestsFor(WEIGHTS).length).toBeGreaterThan(1);
    await expectWhole(setup);
  });
});
