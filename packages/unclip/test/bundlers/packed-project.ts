import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** A project as a user has it: the packages from their packed tarballs, what they depend on beside them, and the page of the README.
 * @param programs further files
 * @returns its folder */
export function createPackedProject(): string {
  const project = realpathSync(mkdtempSync(join(tmpdir(), "unclip-page-")));
  installTarballs(project);
  linkDependencies(project);
  const readme = readFileSync(join(root, "packages/unclip/README.md"), "utf8");
  const [page, build] = [...readme.matchAll(/^```js (?:browser|build\.mjs)\n([\s\S]*?)^```/gm)].map(
    ([, code]) => code!,
  ) as [string, string];
  const html = `<!doctype html><link rel="icon" href="data:," /><canvas></canvas><script type="module" src="./main.js"></script>`;
  const files = {
    "package.json": `{ "name": "page", "private": true, "type": "module" }`,
    "index.html": html,
    "main.js": `${page}\nwindow.unclip = unclip; // for the test alone\n`,
    "build.mjs": build,
    "www/index.html": html.replace("./main.js", "./js/main.js"),
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
  }
  return project;
}

/** Packs the packages as they are published, and unpacks them into node_modules. */
function installTarballs(project: string): void {
  const tarballs = join(project, "tarballs");
  mkdirSync(tarballs);
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  const pack = [
    "-r",
    "--filter-prod",
    "unclip...",
    "--filter",
    "@unclip/toybox",
    "pack",
    "--pack-destination",
    tarballs,
  ];
  execFileSync("npx", ["--yes", packageManager, ...pack], { cwd: root, stdio: "pipe" });
  for (const file of readdirSync(tarballs)) {
    const [, name] = /^(.*)-\d+\.\d+\.\d+\.tgz$/.exec(file)!;
    const folder = join(project, "node_modules", name === "unclip" ? name : name!.replace("unclip-", "@unclip/"));
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", join(tarballs, file), "-C", folder, "--strip-components=1"]);
  }
}

/** Links what the packages depend on from the workspace: an install would take the network. */
function linkDependencies(project: string): void {
  const names = ["", "@unclip"].flatMap((scope) =>
    readdirSync(join(project, "node_modules", scope))
      .filter((name) => !name.startsWith("@"))
      .map((name) => join(scope, name)),
  );
  const wanted = new Set(["esbuild", "vite"]);
  for (const name of names) {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      readFileSync(join(project, "node_modules", name, "package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) wanted.add(dependency);
  }
  const places = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "node_modules"));
  for (const name of wanted) {
    const target = join(project, "node_modules", name);
    const source = places.map((place) => join(place, name)).find(existsSync);
    if (existsSync(target) || source === undefined || name === "onnxruntime-node") continue;
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(realpathSync(source), target);
  }
}
