import { build } from "esbuild";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/* ONNX Runtime for Node sends telemetry unless it is told not to: nothing of ours may. Programs run under strace, which sees what they open. */

const packageFolder = fileURLToPath(new URL("../../", import.meta.url));
const model = fileURLToPath(new URL("../../../toybox/model/", import.meta.url));
const hasStrace = process.platform === "linux" && spawnSync("strace", ["-V"]).status === 0;
const reason = "strace is missing; install it on a Linux system";

interface Traced {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** System calls that made a socket. */
  readonly sockets: readonly string[];
  /** Those that opened a file for writing. */
  readonly written: readonly string[];
  /** Files that are in the home and temporary folders afterwards. */
  readonly left: readonly string[];
}

let folder = "";

/** Bundles a program of this folder with the sources of the packages, beside the modules of this package. */
async function bundle(name: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    bundle: true,
    outfile: join(folder, `${name}.mjs`),
    format: "esm",
    platform: "node",
    conditions: ["@unclip/source"],
    external: ["onnxruntime-node", "onnxruntime-web", "onnxruntime-common"],
    logLevel: "error",
  });
}

/** Runs a program with an empty home under strace.
 * @param env further variables */
async function trace(args: readonly string[], env: Record<string, string> = {}): Promise<Traced> {
  const home = await mkdtemp(join(folder, "home-"));
  const log = `${home}.strace`;
  const calls = ["-f", "-qq", "--seccomp-bpf", "-e", "trace=socket,openat,open,creat", "-o", log];
  const { PATH = "" } = process.env;
  const child = spawn("strace", [...calls, process.execPath, ...args], {
    cwd: home,
    env: { PATH, HOME: home, XDG_CACHE_HOME: home, TMPDIR: home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (bytes) => (stdout += String(bytes)));
  child.stderr.on("data", (bytes) => (stderr += String(bytes)));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const lines = (await readFile(log, "utf8")).split("\n");
  return {
    code,
    stdout,
    stderr,
    sockets: lines.filter((line) => line.includes("socket(")),
    written: lines.filter((line) => /O_(WRONLY|RDWR|CREAT)|creat\(/.test(line) && !line.includes('"/dev/')),
    left: await readdir(home, { recursive: true }),
  };
}

const quiet = { code: 0, stdout: "", stderr: "", sockets: [], written: [], left: [] };

if (!hasStrace) it.skipIf(!process.env["CI"])(`telemetry (skipped: ${reason})`, () => expect.fail(reason));

describe.skipIf(!hasStrace)("ONNX Runtime's telemetry", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "unclip-telemetry-"));
    await symlink(join(packageFolder, "node_modules"), join(folder, "node_modules"));
    await Promise.all(["program", "bare-worker"].map(bundle));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.concurrent("is off in a program that paints", async () => {
    expect(await trace([join(folder, "program.mjs"), model])).toEqual(quiet);
  });

  it.concurrent("is off in a worker thread, if the main thread has imported the library", async () => {
    expect(await trace([join(folder, "program.mjs"), model, "worker"])).toEqual(quiet);
  });

  it.concurrent("keeps ONNX Runtime from loading in a worker thread that cannot turn it off", async () => {
    const program = join(folder, "bare-worker.mjs");
    const message = expect.stringContaining("a worker thread cannot turn that off; import unclip in the main thread");
    expect(await trace([program])).toEqual({ ...quiet, stdout: message });
    expect((await trace([program], { ORT_DISABLE_TELEMETRY: "1" })).stdout).toContain("nothing: cannot run");
  });

  it("would be seen here if it were on", async () => {
    const program = join(folder, "bare.mjs");
    const open = "(await import('onnxruntime-node')).InferenceSession.create(new Uint8Array(1))"; // not a model
    await writeFile(program, `await ${open}.catch(() => undefined);`);
    const { written, left } = await trace([program], { ORT_DISABLE_TELEMETRY: "0" });
    expect(left).toContainEqual(expect.stringMatching(/mat-debug-\d+\.log/));
    expect(written).toContainEqual(expect.stringContaining("mat-debug-"));
  });
});
