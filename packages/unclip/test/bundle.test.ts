import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const resolveDir = fileURLToPath(new URL(".", import.meta.url));

/** What one import costs a page: bytes of its minified bundle after gzip, made of the packages as they are published. */
async function gzipBytesOf(name: string, from: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `import { ${name} } from "${from}"; globalThis.used = ${name};`, resolveDir },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents).length;
}

it.each([
  ["createRandom", 6_000],
  ["isUnclipError", 2_000],
])("%s alone takes at most %i bytes of a page", async (name, most) => {
  for (const from of ["@unclip/tensor", "unclip"])
    expect(await gzipBytesOf(name, from), from).toBeLessThanOrEqual(most);
});
