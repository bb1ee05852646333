import { defineConfig } from "tsup";

/** One build for every package: ES modules and their types, from src/index.ts. */
export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm"],
  target: "es2022",
  dts: true,
  sourcemap: true,
  clean: true,
  treeshake: true,
});
