import { transform } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { createProject, pnpm, type Project } from "../src/project.js";
import { root } from "../src/pack.js";
import { installLineOf, otherPages, snippetsOf, stagePages } from "../src/snippets.js";

/* The packages as somebody else has them: installed from a registry into an empty project, with what their pages say. */

const registry = inject("registry");
if (registry === undefined) it.skip("outside (skipped: the registry of the packages that ours depend on is missing)");

/** Runs an example as it is pasted into a file. */
async function runSnippet(project: Project, { name, language, code }: (typeof examples)[number]): Promise<void> {
  const file = `${name.replace(/\W+/g, "-")}.mjs`;
  project.write(file, language === "ts" ? (await transform(code, { loader: "ts" })).code : code);
  await project.run(process.execPath, [file]);
}

const examples = [...stagePages, ...otherPages].flatMap(snippetsOf);

describe.runIf(registry !== undefined)("installed by npm", () => {
  it("asks for no GPU files, and runs every example of every page", async () => {
    const project = createProject("npm");
    project.write("package.json", `{ "name": "mine", "private": true }`);
    const names = new Set([...stagePages, "README.md"].flatMap(installLineOf));
    await project.run("npm", ["install", ...names, "--ignore-scripts"]);
    const fixture = join(root, "fixtures/kandinsky-2-2-tiny-decoder");
    symlinkSync(fixture, join(project.folder, "kandinsky-2-2-decoder")); // the folder that an example opens
    for (const example of examples) await runSnippet(project, example);
    expect(examples.length).toBeGreaterThan(20);
  }, 900_000);
});

describe.runIf(registry !== undefined)("one stage alone, installed by pnpm", () => {
  it.each(stagePages)("%s", async (page) => {
    const project = createProject(page.split("/")[1]!);
    project.write("package.json", `{ "name": "mine", "private": true }`);
    await project.run(...pnpm("add", ...installLineOf(page)));
    const fixture = join(root, "fixtures/kandinsky-2-2-tiny-decoder");
    symlinkSync(fixture, join(project.folder, "kandinsky-2-2-decoder"));
    await runSnippet(project, snippetsOf(page)[0]!);
    rmSync(project.folder, { recursive: true });
  });
});
