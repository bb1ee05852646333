import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./pack.js";

/** An example of a page. */
export interface Snippet {
  /** The page, relative to the root of the repository, and the example's number on it. */
  readonly name: string;
  readonly language: "js" | "ts";
  readonly code: string;
}

/** The examples of a page that run in Node as they are pasted: blocks marked `js` or `ts`, and nothing behind that word. */
export function snippetsOf(page: string): Snippet[] {
  const blocks = readFileSync(join(root, page), "utf8").matchAll(/^```(js|ts)\n([\s\S]*?)^```/gm);
  return [...blocks].map(([, language, code], i) => ({
    name: `${page} ${i + 1}`,
    language: language as "js" | "ts",
    code: code!,
  }));
}

/** The packages that a page tells to install first. */
export function installLineOf(page: string): string[] {
  const [, line] = /^npm install ([^\n#]*)/m.exec(readFileSync(join(root, page), "utf8")) ?? [];
  if (line === undefined) throw new Error(`${page} has no line "npm install ..."`);
  return line.split(/\s+/).filter((word) => word !== "" && !word.startsWith("-"));
}

/** READMEs of the packages that are libraries. */
export const stagePages: readonly string[] = readdirSync(join(root, "packages"))
  .map((name) => `packages/${name}/README.md`)
  .filter((page) => existsSync(join(root, page)));

/** All other pages with examples. */
export const otherPages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`),
].filter((page) => snippetsOf(page).length > 0);
