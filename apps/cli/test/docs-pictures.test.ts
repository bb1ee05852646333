import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { readPngTexts } from "unclip";
import { describe, expect, it } from "vitest";

/* docs/pictures.json: the commands behind every picture of the documentation. */

interface Entry {
  readonly files: readonly string[];
  readonly commands: readonly (readonly string[])[];
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const table = JSON.parse(readFileSync(join(root, "docs/pictures.json"), "utf8")) as readonly Entry[];
const files = table.flatMap((entry) => entry.files);

/** Markdown files of the repository, apart from those of dependencies. */
function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|\..*|dist|runs)$/.test(entry.name) ? [] : pagesIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Where pages that npm shows too find the repository's files. */
const ONLINE = "https://raw.githubusercontent.com/unclip-js/unclip/main/";

/** Pictures that a page shows, as paths from the root. */
function picturesOn(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const links = [...text.matchAll(/!\[[^\]]*\]\(([^)\s]+)[^)]*\)|<img[^>]*\ssrc="([^"]+)"/g)];
  return links.map(([, markdown, html]) => {
    const link = (markdown ?? html)!;
    return link.startsWith(ONLINE) ? link.slice(ONLINE.length) : normalize(join(dirname(page), link));
  });
}

const shown = pagesIn("").flatMap((page) => picturesOn(page).map((picture) => ({ page, picture })));

describe("the pictures of the documentation", () => {
  it("are found", () => {
    expect(shown.map(({ picture }) => picture)).toContain("packages/toybox/contact-sheet.png");
    expect(shown.length).toBeGreaterThan(20);
  });

  it.each(shown)("have a command: $picture, which $page shows", ({ picture }) => expect(files).toContain(picture));

  it("are listed once each, exist, and are shown somewhere", () => {
    expect(new Set(files).size).toBe(files.length);
    for (const file of files) {
      expect({ file, exists: existsSync(join(root, file)) }).toEqual({ file, exists: true });
      expect(shown.map(({ picture }) => picture)).toContain(file);
    }
  });

  it("stay small: at most 3 MB for those of the manipulations", () => {
    const sizes = files
      .filter((file) => file.startsWith("docs/manipulations/"))
      .map((file) => statSync(join(root, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(3e6);
  });
});

/** Those that one command of unclip paints. */
const painted = table
  .filter(({ commands }) => commands[0]![0] === "unclip" && commands[0]![1] !== "evaluate")
  .map(({ files, commands }) => ({ file: files[0]!, command: commands.at(-1)! }));

describe.each(painted)("$file", ({ file, command }) => {
  it("is what its command writes, and its page shows the command", () => {
    const written = command[Math.max(command.indexOf("--out"), command.indexOf("--sheet")) + 1];
    expect(written).toBe(file);
    const shell = command.map((word) => (/^[\w./=,-]+$/.test(word) ? word : `"${word}"`)).join(" ");
    const pages = shown
      .filter(({ picture }) => picture === file)
      .map(({ page }) => readFileSync(join(root, page), "utf8"));
    const told = [...pages, readFileSync(join(root, "packages/toybox/README.md"), "utf8")].join("\n");
    expect(told.replaceAll("npm run -s unclip -- ", "unclip ")).toContain(shell);
  });
});

describe.each(painted.filter(({ file }) => file.endsWith(".png")))("$file", ({ file, command }) => {
  it("carries the recipe of its command", () => {
    const recipe = JSON.parse(readPngTexts(readFileSync(join(root, file)), file)["unclip"]!) as Record<string, unknown>;
    const operation = command[1] === "sheet" ? "generate" : command[1];
    const seed = command.includes("--seed") ? Number(command[command.indexOf("--seed") + 1]) : 0;
    expect(recipe).toMatchObject({ operation, seed });
  });
});
