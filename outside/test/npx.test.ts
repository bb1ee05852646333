import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { describe, expect, inject, it } from "vitest";
import { createProject } from "../src/project.js";

/** Seconds from an empty folder to a picture, when npm has the packages in its cache. */
const MOST_SECONDS = 20;

describe.runIf(inject("registry") !== undefined)("npx unclip", () => {
  async function paint(name: string): Promise<number> {
    const project = createProject(name);
    const started = performance.now();
    await project.run("npx", ["--yes", "unclip", "generate", "a red cube", "--seed", "7", "--out", "cube.png"]);
    const png = readFileSync(join(project.folder, "cube.png"));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([512, 512]);
    return (performance.now() - started) / 1000;
  }

  it(`paints in an empty folder, where the server of GPU files is out of reach; the second time within ${MOST_SECONDS} s`, async () => {
    const times = [await paint("npx-1")];
    for (const name of ["npx-2", "npx-3"]) {
      rmSync(join(inject("folder"), "home/npm-cache/_npx"), { recursive: true }); // what npx installed; npm's cache stays
      times.push(await paint(name));
      if (times.at(-1)! <= MOST_SECONDS) break; // the cores may have had other work the first time
    }
    process.stdout.write(`npx unclip: ${times.map((seconds) => `${seconds.toFixed(1)} s`).join(", then ")}\n`);
    expect(times.at(-1)).toBeLessThanOrEqual(MOST_SECONDS);
  });

  it("says what is wrong, with the exit code of the app", async () => {
    await expect(createProject("npx-wrong").run("npx", ["--yes", "unclip", "generate"])).rejects.toMatchObject({
      cause: { code: 2 },
    });
  });
});
