import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { packAll } from "./pack.js";
import { startRegistry } from "./registry.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** A folder for all tests of a run. */
    folder: string;
    /** The packed packages: paths by names. */
    tarballs: Record<string, string>;
    /** The address of the local registry; undefined where the public one, which has what the packages depend on, cannot be reached. */
    registry: string | undefined;
  }
}

/** Packs all packages once, and publishes them to a local registry, for all tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "unclip-outside-")));
  const tarballs = packAll(join(folder, "tarballs"));
  const registry = await startRegistry(join(folder, "registry"), Object.values(tarballs));
  if (registry === undefined)
    process.stdout.write("skipped: the registry cannot be reached, from which others' packages are installed\n");
  project.provide("folder", folder);
  project.provide("tarballs", tarballs);
  project.provide("registry", registry?.url);
  return async () => {
    await registry?.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
