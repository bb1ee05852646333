import { build } from "esbuild";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixturePath } from "../../../../test-support/index.js";
import { findChromium, softwareVulkan } from "./browser.js";
import { cases } from "./suite.js";

/* WebGPU in Node, computed by the processor with what Chromium brings for it. The loader of libraries is told where that lies before a process
 * starts, so that the suite runs in one of its own. */

/** Cases that compile the shaders of whole networks once more, for what Chromium on WebGPU shows as well. */
const ELSEWHERE = new Set([
  "a network that was closed opens again",
  "runs that are started together do not disturb each other",
  "a caption becomes the reference's picture",
]);

const chromium = findChromium();
const env = chromium === undefined ? undefined : softwareVulkan(chromium);

if (env === undefined) {
  const reason = "no Chromium with SwiftShader found; install it or set CHROMIUM_PATH";
  it.skipIf(!process.env["CI"])(`contract of a platform: Node on WebGPU (skipped: ${reason})`, () =>
    expect.fail(reason),
  );
}

describe.skipIf(env === undefined)("contract of a platform: Node on WebGPU", () => {
  let folder: string;
  let suite: ChildProcess;

  beforeAll(async () => {
    folder = await mkdtemp(fileURLToPath(new URL("../../node_modules/.contract-", import.meta.url))); // packages are found from there
    const script = join(folder, "suite.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("./node-process.ts", import.meta.url))],
      bundle: true,
      outfile: script,
      format: "esm",
      platform: "node",
      conditions: ["@unclip/source"],
      external: ["onnxruntime-*", "sharp"],
      logLevel: "error",
    });
    suite = fork(script, ["webgpu", fixturePath(""), folder], { env: { ...process.env, ...env }, execArgv: [] });
  });
  afterAll(async () => {
    suite?.kill();
    if (existsSync(folder)) await rm(folder, { recursive: true });
  });

  for (const name of Object.keys(cases).filter((name) => !ELSEWHERE.has(name))) {
    it(name, { timeout: 300_000 }, async () => {
      suite.send(name);
      const ended = once(suite, "exit").then(([code, signal]) => [`the process ended with ${code ?? signal}`]);
      const [error] = (await Promise.race([once(suite, "message"), ended])) as [string | null];
      if (error !== null) expect.fail(error);
    });
  }
});
