import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath, URL } from "node:url";
import { repository, sections } from "./pages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = new Map(sections.flatMap(({ pages }) => Object.entries(pages)).map(([file, [page]]) => [file, page]));

/** Writes the pages of the repository where the site is built from, with links that lead from page to page.
 * @param {string} to the folder */
export function writePages(to) {
  rmSync(to, { recursive: true, force: true });
  for (const [file, page] of pages) {
    const text = readFileSync(join(root, file), "utf8");
    write(
      to,
      `${page}.md`,
      text.replace(/(?<=\]\()[^)\s]+(?=\))/g, (link) => rewrite(link, file, page, to)),
    );
  }
  cpSync(join(root, "apps/web/public/icon.svg"), join(to, "public/icon.svg"));
  cpSync(join(root, "packages/toybox/contact-sheet.png"), join(to, "contact-sheet.png"));
  write(to, "index.md", home);
}

/** A link of a file, as its page has it: to another page, to a picture that is copied along, or into the repository. */
function rewrite(link, file, page, to) {
  if (link.startsWith("#")) return link;
  const [target, hash = ""] = link.split(/(?=#)/);
  const path = pathOf(target, file);
  if (path === undefined) return link; // elsewhere
  if (!existsSync(join(root, path))) throw new Error(`${file}: ${link} leads nowhere`);
  const isFolder = statSync(join(root, path)).isDirectory();
  const known = pages.get(isFolder ? posix.join(path, "README.md") : path);
  if (known !== undefined) return `${relative(page, known)}${hash}`;
  if (/\.(png|svg|gif)$/.test(path)) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(root, path), join(to, path));
    return relative(page, path);
  }
  return `${repository}/${isFolder ? "tree" : "blob"}/main/${path}${hash}`;
}

/** The file of the repository that a link means; undefined for one that leads elsewhere. */
function pathOf(target, file) {
  const raw = repository.replace("github.com", "raw.githubusercontent.com");
  for (const start of [`${repository}/blob/main/`, `${repository}/tree/main/`, `${raw}/main/`])
    if (target.startsWith(start)) return target.slice(start.length);
  if (/^[a-z]+:/.test(target)) return undefined;
  return posix.join(posix.dirname(file), target).replace(/\/$/, "");
}

function relative(from, to) {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

function write(to, path, text) {
  mkdirSync(dirname(join(to, path)), { recursive: true });
  writeFileSync(join(to, path), text);
}

const home = `# unclip

unCLIP (DALL·E 2) in TypeScript: a caption becomes a picture, in Node and in browsers. Published PyTorch checkpoints open as they are, without Python.

\`\`\`sh
npx unclip generate "a red cube on top of a blue sphere"
\`\`\`

![Twenty-four captions, painted by the shipped model](./contact-sheet.png)

- [Start in five minutes](./start): a command, a program, a page.
- [How unCLIP works](./how-it-works), with pictures of each stage.
- [Every stage is a package](./packages/unclip): swap the prior, decode without one, enlarge alone, or build a pipeline of your own.
- [Latents to explore](./manipulations/): variations, interpolation, edits by text, components, inpainting.
- [Models that open](./models): Karlo, Kandinsky 2.2 and 2.1, Stable unCLIP.
- [Same seed, same picture](./testing): what diffusers paints on a CPU, held to its numbers by tests.
- [Reference](./reference/) of every export.
`;
