import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { createProject, projectOfAll, type Project } from "../src/project.js";
import { root } from "../src/pack.js";

/* The programs of examples/, from a clone and from npm. */

const programs = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".mjs"));

/** Width and height of a PNG file. */
function sizeOf(path: string): [number, number] {
  const png = readFileSync(path);
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

/** Runs an example, and looks at what it wrote.
 * @param path of the program */
async function check(project: Project, path: string, folder: string): Promise<void> {
  const at = join(project.folder, folder);
  const run = (...args: string[]) => project.run(process.execPath, [path, ...args], {}, at);
  mkdirSync(at, { recursive: true });
  switch (basename(path)) {
    case "swap-the-prior.mjs":
      await run();
      for (const kind of ["diffusion", "autoregressive", "text-embedding", "none"])
        expect(sizeOf(join(at, `${kind}.png`))).toEqual([128, 128]);
      return;
    case "caption-only.mjs":
      await run();
      for (const scale of [1, 2, 4]) expect(sizeOf(join(at, `guidance-${scale}.png`))).toEqual([32, 32]);
      return;
    case "own-prior.mjs":
      await run();
      return expect(sizeOf(join(at, "own-prior.png"))).toEqual([128, 128]);
    case "interpolation-film.mjs":
      await run();
      expect(readFileSync(join(at, "film.png")).includes("acTL")).toBe(true);
      return expect(sizeOf(join(at, "film.png"))).toEqual([128, 128]);
    case "sort-pictures.mjs": {
      const pictures = join(at, "pictures");
      mkdirSync(pictures);
      for (const name of ["cube", "sphere"])
        cpSync(join(root, `docs/manipulations/${name}.png`), join(pictures, `${name}.png`));
      const { stdout } = await run("pictures", "cube,sphere,ring", "--move");
      expect(stdout).toMatch(/^cube\.png: cube .*\nsphere\.png: sphere /);
      return expect(readdirSync(pictures).sort()).toEqual(["cube", "sphere"]);
    }
    case "enlarge.mjs":
      await run(join(root, "docs/manipulations/cube.png"));
      return expect(sizeOf(join(at, "enlarged.png"))).toEqual([512, 512]);
    default:
      throw new Error(`${path} has no test`);
  }
}

describe("an example from a clone", () => {
  it.each(programs)("%s", (name) => check(createProject("clone"), join(root, "examples", name), name));
});

describe.runIf(inject("registry") !== undefined)("an example from npm", () => {
  it.each(programs)("%s", async (name) => {
    const project = await projectOfAll();
    cpSync(join(root, "examples", name), join(project.folder, name));
    await check(project, join(project.folder, name), `of-${name}`);
  });
});
