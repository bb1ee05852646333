import { defineConfig } from "tsup";
import shared from "../../tsup.config.js";

export default defineConfig({
  ...shared,
  external: ["unclip/quantize"], // which of the two it is depends on where the package is used
  entry: ["src/index.ts", "src/quantize.ts", "src/quantize-web.ts", "src/worker.ts", "src/worker-thread.ts"],
});
