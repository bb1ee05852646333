import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

/* Every example of every README and of docs/ (```js and ```ts) runs; the types of those in TypeScript are checked. */

const root = fileURLToPath(new URL("../../../", import.meta.url));
const generated = fileURLToPath(new URL("./.readme/", import.meta.url));

const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
const readmes = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "packages"))
    .filter((name) => name !== "ai-sdk") // which depends on this package: its own test runs its example
    .map((name) => `packages/${name}/README.md`),
  ...pages,
];
const examples = readmes
  .filter((path) => existsSync(join(root, path)))
  .flatMap((path) => {
    const blocks = readFileSync(join(root, path), "utf8").matchAll(/^```(js|ts)\n([\s\S]*?)^```/gm);
    return [...blocks].map(([, language, code], index) => ({ path, index: index + 1, language, code: code! }));
  })
  .filter(({ code }) => !code.includes("import.meta.url")) // a program that starts itself: the test of the packed packages runs it
  .map((example) => ({
    ...example,
    file: `${example.path.replace(/\W+/g, "-")}-${example.index}.${example.language}`,
  }));

describe("examples of the READMEs", () => {
  let folder: string;
  const home = process.cwd();

  beforeAll(() => {
    rmSync(generated, { recursive: true, force: true });
    mkdirSync(generated, { recursive: true });
    for (const { file, code } of examples) writeFileSync(join(generated, file), code);
    const config = { extends: "../../../../tsconfig.base.json", include: ["*.ts"] };
    writeFileSync(join(generated, "tsconfig.json"), JSON.stringify(config));
    folder = mkdtempSync(join(tmpdir(), "unclip-readme-"));
    symlinkSync(join(root, "fixtures/kandinsky-2-2-tiny-decoder"), join(folder, "kandinsky-2-2-decoder")); // which one opens
    process.chdir(folder); // an example may write a file
    vi.spyOn(console, "log").mockImplementation(() => undefined);
  });
  afterAll(() => {
    process.chdir(home);
    vi.restoreAllMocks();
    for (const path of [folder, generated]) rmSync(path, { recursive: true, force: true });
  });

  it("are there for every package that is a library", () => {
    const libraries = [
      "tensor",
      "sampler",
      "hub",
      "graph",
      "runtime",
      "clip",
      "prior",
      "decoder",
      "autoencoder",
      "upsampler",
      "evaluation",
      "toybox",
      "unclip",
    ];
    for (const name of libraries) expect(examples.map(({ path }) => path)).toContain(`packages/${name}/README.md`);
  });

  it("are there for every manipulation", () => {
    const manipulations = pages.filter((path) => path.includes("manipulations/") && !path.endsWith("README.md"));
    expect(manipulations.length).toBeGreaterThan(7);
    for (const path of manipulations) expect(examples.map((example) => example.path)).toContain(path);
  });

  it("have the right types", () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const check = () =>
      execFileSync(process.execPath, [tsc, "--noEmit", "-p", generated], { encoding: "utf8", stdio: "pipe" });
    let errors = "";
    try {
      check();
    } catch (error) {
      errors = (error as { stdout: string }).stdout;
    }
    expect(errors).toBe("");
  });

  it.each(examples)(
    "$path, example $index",
    async ({ file }) => {
      await import(join(generated, file));
    },
    600_000, // quantising toybox takes minutes on a busy machine
  );
});
