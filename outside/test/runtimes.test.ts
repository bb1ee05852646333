import { describe, expect, inject, it } from "vitest";
import { createProject, projectOfAll, type Project } from "../src/project.js";

/* Other runtimes than Node with onnxruntime-node. */

/** Paints the smallest picture, and says its size. */
const program = `
import { loadUnclip } from "unclip";
const unclip = await loadUnclip();
const { images } = await unclip.generate("a red cube", { seed: 7, upsamplers: 0 });
console.log(unclip.device, images[0].width, images[0].data.length);
await unclip.dispose();
`;
const painted = "32 3072\n";

describe.runIf(inject("registry") !== undefined)("a program runs", () => {
  async function install(name: string, ...packages: string[]): Promise<Project> {
    const project = createProject(name);
    project.write("package.json", `{ "name": "mine", "private": true }`);
    await project.run("npm", ["install", ...packages, "--ignore-scripts"]);
    project.write("main.mjs", program);
    return project;
  }

  it("in Node with onnxruntime-web alone, which is said once, installed with its scripts", async () => {
    const project = createProject("wasm");
    project.write("package.json", `{ "name": "mine", "private": true }`);
    await project.run("npm", ["install", "unclip", "@unclip/toybox", "onnxruntime-web"]);
    project.write("main.mjs", program);
    const { stdout, stderr } = await project.run(process.execPath, ["main.mjs"]);
    expect(stdout).toBe(`wasm ${painted}`);
    expect(stderr.match(/UNCLIP_WASM/g)).toHaveLength(1);
  });

  it("without toybox, which is then asked for", async () => {
    const project = await install("bare", "unclip", "onnxruntime-web");
    await expect(project.run(process.execPath, ["main.mjs"])).rejects.toThrow(
      'toybox: the shipped model is not installed; install it with "npm install @unclip/toybox"',
    );
  });

  it("as a bundle for servers, of ES modules and of CommonJS", async () => {
    const project = await projectOfAll();
    project.write("server/main.mjs", program);
    project.write(
      "server/main.ts",
      `export {};\nvoid (async () => {${program.replace(/^import (.*) from "unclip";$/m, "const $1 = await import('unclip');")}})();`,
    );
    const bundle = [
      "node_modules/esbuild/bin/esbuild",
      "--bundle",
      "--platform=node",
      "--external:onnxruntime-node",
      "--log-level=error",
    ];
    await project.run("node", [...bundle, "server/main.mjs", "--format=esm", "--outfile=server/dist/main.mjs"]);
    await project.run("node", [...bundle, "server/main.ts", "--format=cjs", "--outfile=server/dist/main.cjs"]);
    for (const file of ["main.mjs", "main.cjs"]) {
      const { stdout } = await project.run(process.execPath, [`server/dist/${file}`]);
      expect(stdout).toBe(`cpu ${painted}`);
    }
  });

  it("in Bun", async () => {
    const project = await install("bun", "unclip", "@unclip/toybox", "onnxruntime-node", "bun");
    const binary = `node_modules/@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/bun`;
    const { stdout } = await project.run(binary, ["run", "main.mjs"]);
    expect(stdout).toBe(`cpu ${painted}`);
  });

  it("in Deno", async () => {
    const project = await install("deno", "unclip", "@unclip/toybox", "onnxruntime-node", "deno");
    const suffix = process.platform === "linux" ? "-glibc" : "";
    const binary = `node_modules/@deno/${process.platform}-${process.arch}${suffix}/deno`;
    const { stdout } = await project.run(binary, ["run", "--allow-all", "--node-modules-dir=manual", "main.mjs"]);
    expect(stdout).toBe(`cpu ${painted}`);
  });
});
