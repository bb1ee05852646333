import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { describe, expect, inject, it } from "vitest";
import { sizeOf } from "../src/package-size.js";
import { published, root } from "../src/pack.js";
import { LIMITS, MOST_CORE_BYTES, NOT_CORE } from "../src/size-limits.js";

const tarballs = inject("tarballs");
const { description: _, ...first } = published[0]!.manifest;
const repository = first["repository"] as { url: string };

describe.each(published)("$name, packed", ({ name, folder, manifest }) => {
  it("says where it is from", () => {
    const page = repository.url.replace(/^git\+|\.git$/g, "");
    expect(manifest).toMatchObject({
      repository: { type: "git", url: repository.url, directory: folder },
      homepage: `${page}/tree/main/${folder}#readme`,
      bugs: `${page}/issues`,
      license: "MIT",
      engines: { node: ">=20.19" },
      publishConfig: { access: "public" },
    });
    expect((manifest["keywords"] as string[]).length).toBeGreaterThan(3);
    expect(manifest["files"]).toContain("CHANGELOG.md");
    expect(Object.keys(manifest["scripts"] as object)).toContain("prepack");
  });

  it("holds what it needs, and no more", () => {
    const files = execFileSync("tar", ["-tzf", tarballs[name]!], { encoding: "utf8" }).trim().split("\n");
    for (const path of ["package/LICENSE", "package/README.md"]) expect(files).toContain(path);
    if (existsSync(join(root, folder, "CHANGELOG.md"))) expect(files).toContain("package/CHANGELOG.md");
    expect(files.filter((path) => /\.map$|\.ts$|(^|\/)test\//.test(path) && !/\.d\.ts$/.test(path))).toEqual([]);
    const { exports, dependencies = {} } = JSON.parse(
      execFileSync("tar", ["-xzOf", tarballs[name]!, "package/package.json"], { encoding: "utf8" }),
    ) as { exports: unknown; dependencies?: Record<string, string> };
    expect(JSON.stringify(exports ?? {})).not.toContain("@unclip/source");
    expect(Object.values(dependencies).filter((range) => /^(workspace|catalog|link|file):/.test(range))).toEqual([]);
  });

  it("has no finding of publint", async () => {
    const bytes = readFileSync(tarballs[name]!);
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const { messages } = await publint({ pack: { tarball }, level: "suggestion", strict: true });
    expect(messages).toEqual([]);
  });

  it("is as small as it should be", () => {
    const unpacked = sizeOf(tarballs[name]!);
    expect(LIMITS[name], `${name} has no limit in size-limits.ts`).toBeDefined();
    expect(unpacked).toBeLessThanOrEqual(LIMITS[name]! * 1000);
  });
});

const libraries = published.filter(({ name }) => name !== "@unclip/cli"); // which is for the command line alone

it.each(libraries)("$name has no finding of attw", async ({ name }) => {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarballs[name]!)), {
    excludeEntrypoints: ["./model/*"],
  });
  if (result.types === false) throw new Error("no types");
  // The packages are ES modules, which Node 20.19 and newer load by `require` too; TypeScript's "node10" knows no export conditions.
  const ofOurs = (problem: object) =>
    !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(String(problem.resolutionKind)));
  expect(result.problems.filter(ofOurs)).toEqual([]);
});

it("the core packages are 1 MB together", () => {
  const core = published.filter(({ name }) => !NOT_CORE.includes(name));
  expect(core.length).toBe(11);
  const bytes = core.reduce((sum, { name }) => sum + sizeOf(tarballs[name]!), 0);
  expect(bytes).toBeLessThanOrEqual(MOST_CORE_BYTES);
});
