import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "tsup";
import shared from "../../tsup.config.js";

const tokenizers = dirname(dirname(createRequire(import.meta.url).resolve("@huggingface/tokenizers")));

/* @huggingface/tokenizers is published four times in one package, once for each module format and size. What is used becomes part of this
 * package, with its licence: a tenth of the bytes. */
export default defineConfig({
  ...shared,
  noExternal: ["@huggingface/tokenizers"],
  esbuildOptions(options) {
    options.alias = { "@huggingface/tokenizers": join(tokenizers, "dist/tokenizers.min.mjs") };
  },
  onSuccess: () => copyFile(join(tokenizers, "LICENSE"), "dist/tokenizers.notice.txt"),
});
