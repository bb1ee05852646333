import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "tsup";
import shared, { dense } from "../../tsup.config.js";

const mlMatrix = dirname(createRequire(import.meta.url).resolve("ml-matrix"));

const own = { ...shared, clean: false }; // both builds write to one folder, at the same time

/* ml-matrix is published as CommonJS, which browsers do not read as it is, and of which bundlers keep all. Of its sources, which are ES
 * modules, what is used becomes a file of this package, with its licence, and without spaces: half the bytes. */
export default defineConfig([
  { ...own, ...dense, external: ["./linear-algebra.js"] },
  {
    ...own,
    entry: ["src/linear-algebra.ts"],
    minify: true,
    noExternal: ["ml-matrix"],
    esbuildOptions(options) {
      options.alias = { "ml-matrix": join(mlMatrix, "src/index.js") };
      options.mainFields = ["module", "main"];
    },
    onSuccess: () => copyFile(join(mlMatrix, "LICENSE"), "dist/ml-matrix.notice.txt"),
  },
]);
