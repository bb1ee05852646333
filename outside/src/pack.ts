import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A package that is published. */
export interface PublishedPackage {
  readonly name: string;
  /** Relative to the root of the repository. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The parts of a package.json that are looked at. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** The packages that are published. */
export const published: readonly PublishedPackage[] = ["packages", "apps"]
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
  .map((folder) => ({ folder, manifest: readManifest(folder) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map((found) => ({ ...found, name: found.manifest.name }));

/** Packs every published package, as a release does.
 * @returns the paths of the tarballs by the packages' names */
export function packAll(to: string): Record<string, string> {
  mkdirSync(to, { recursive: true });
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  const filters = published.map(({ name }) => `--filter=${name}`);
  const pack = ["-r", "--workspace-concurrency=1", ...filters, "pack", "--pack-destination", to];
  execFileSync("npx", ["--yes", packageManager, ...pack], { cwd: root, stdio: "pipe" });
  return Object.fromEntries(
    published.map(({ name, manifest }) => [
      name,
      join(to, `${name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`),
    ]),
  );
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return { name: folder, version: "0.0.0", private: true }; // no package
  }
}
