import { defineConfig } from "tsup";

/** One build for every package: ES modules and their types, from src/index.ts. They are readable as they are, so there are no maps. */
export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm"],
  target: "es2022",
  dts: true,
  clean: true,
  treeshake: true,
});

/** For large packages, as the core packages are to be 1 MB together: the build goes without the spaces and comments of its sources, in lines that fit
 * a terminal, as Node prints the line of an error that nobody catches. */
export const dense = defineConfig({
  esbuildOptions(options) {
    options.minifyWhitespace = true;
    options.lineLimit = 160;
  },
});
