import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, URL } from "node:url";
import { Application } from "typedoc";
import { build } from "vitepress";
import { referenced, repository } from "./pages.mjs";
import { writePages } from "./write-pages.mjs";

/* Builds the site into .vitepress/dist: pages of the repository, and a reference of the docstrings. No request leaves the machine. */

const folder = fileURLToPath(new URL(".", import.meta.url));
const pages = join(folder, "pages");

writePages(pages);
await writeReference(join(pages, "reference"));
process.chdir(folder);
await build(folder);

/** The reference of all packages, as Markdown, and its side bar. */
async function writeReference(out) {
  const app = await Application.bootstrapWithPlugins({
    plugin: [import.meta.resolve("typedoc-plugin-markdown")],
    entryPoints: referenced.map((name) =>
      join(folder, `../packages/${name}/src/${["runtime", "hub"].includes(name) ? "node" : "index"}.ts`),
    ),
    tsconfig: join(folder, "tsconfig.typedoc.json"),
    skipErrorChecking: true, // the packages' own check does that
    router: "module",
    readme: "none",
    name: "Reference",
    hideBreadcrumbs: true,
    hidePageHeader: true,
    disableSources: false,
    sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}`,
    gitRevision: "main",
    disableGit: true,
    basePath: join(folder, ".."),
    excludeExternals: true,
    logLevel: "Error",
    useCodeBlocks: true,
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    propertyMembersFormat: "table",
    typeDeclarationFormat: "table",
    sanitizeComments: true,
    entryFileName: "index",
  });
  const project = await app.convert();
  if (project === undefined) process.exit(1);
  const names = { node: "", index: "" };
  for (const child of project.children ?? [])
    child.name = child.name
      .replace(/^packages\//, "")
      .replace(/\/src(\/(node|index))?$/, (_, __, half) => names[half] ?? "");
  await app.outputs.writeOutput({ name: "markdown", path: out }, project);
  for (const name of readdirSync(out)) {
    const text = readFileSync(join(out, name), "utf8");
    const link = /(?<=\]\([^)\s]*#)[^)\s]+(?=\))/g; // VitePress names headings with hyphens alone
    writeFileSync(
      join(out, name),
      text.replace(link, (hash) => hash.replaceAll("_", "-")),
    );
  }
}
