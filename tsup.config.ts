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
