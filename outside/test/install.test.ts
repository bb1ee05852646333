import { transform } from "esbuild";
import { rmSync } from "node:fs";
import { describe, expect, inject, it } from "vitest";
import { createProject, linkFixture, pnpm, projectOfAll, type Project } from "../src/project.js";
import { installLineOf, otherPages, snippetsOf, stagePages, type Snippet } from "../src/snippets.js";

/* The packages as somebody else has them: installed from a registry into an empty project, with what their pages say. */

const hasRegistry = inject("registry") !== undefined;

/** Runs an example as it is pasted into a file. */
async function runSnippet(project: Project, { name, language, code }: Snippet): Promise<void> {
  const file = `${name.replace(/\W+/g, "-")}.mjs`;
  project.write(file, language === "ts" ? (await transform(code, { loader: "ts" })).code : code);
  await project.run(process.execPath, [file]);
}

describe.runIf(hasRegistry)("installed by npm", () => {
  const examples = [...stagePages, ...otherPages].flatMap(snippetsOf);

  it("everything is there", async () => {
    await projectOfAll();
    expect(examples.length).toBeGreaterThan(20);
  });

  it.each(examples)("the example $name runs", async (example) => runSnippet(await projectOfAll(), example));

  it("a CommonJS program requires it", async () => {
    const project = await projectOfAll();
    const packages = stagePages.map((page) => page.split("/")[1]!).filter((name) => name !== "unclip");
    const names = ["unclip", "unclip/worker", ...packages.map((name) => `@unclip/${name}`)];
    project.write(
      "main.cjs",
      `for (const name of ${JSON.stringify(names)}) console.log(name, Object.keys(require(name)).length > 0);`,
    );
    const { stdout } = await project.run(process.execPath, ["main.cjs"]);
    expect(stdout).toBe(names.map((name) => `${name} true\n`).join(""));
  });
});

describe.runIf(hasRegistry)("one stage alone, installed by pnpm, which hides what a package does not name", () => {
  it.each(stagePages)("%s", async (page) => {
    const project = createProject(page.split("/")[1]!);
    project.write("package.json", `{ "name": "mine", "private": true }`);
    await project.run(...pnpm("add", ...installLineOf(page)));
    linkFixture(project);
    await runSnippet(project, snippetsOf(page)[0]!);
    rmSync(project.folder, { recursive: true });
  });
});
