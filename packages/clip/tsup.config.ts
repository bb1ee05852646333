import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "tsup";
import shared from "../../tsup.config.js";

const tokenizers = dirname(dirname(createRequire(import.meta.url).resolve("@huggingface/tokenizers")));

const own = { ...shared, clean: false }; // both builds write to one folder, at the same time

/* @huggingface/tokenizers is published four times in one package, once for each module format and size. What is used becomes a file of this
 * package, with its licence and without spaces: a tenth of the bytes. */
export default defineConfig([
  {
    ...own,
    esbuildPlugins: [
      {
        name: "hugging-face",
        setup(build) {
          build.onResolve({ filter: /\/hugging-face\.js$/ }, () => ({ path: "./hugging-face.js", external: true }));
        },
      },
    ],
  },
  {
    ...own,
    entry: ["src/hugging-face.ts"],
    dts: false,
    minify: true,
    noExternal: ["@huggingface/tokenizers"],
    esbuildOptions(options) {
      options.alias = { "@huggingface/tokenizers": join(tokenizers, "dist/tokenizers.min.mjs") };
    },
    onSuccess: () => copyFile(join(tokenizers, "LICENSE"), "dist/tokenizers.notice.txt"),
  },
]);
