import { defineConfig } from "tsup";
import shared from "../tsup.config.js";

/** The commands, bundled from the sources of all packages: what is measured is the working copy. */
export default defineConfig({
  ...shared,
  entry: [
    "src/abort.ts",
    "src/bench.ts",
    "src/measure.ts",
    "src/paint.ts",
    "src/picture.ts",
    "src/prior.ts",
    "src/weights.ts",
  ],
  dts: false,
  noExternal: [/^@unclip\//, "unclip"],
  esbuildOptions(options) {
    options.conditions = ["@unclip/source", "node"];
  },
});
