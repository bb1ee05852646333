import { defineConfig } from "tsup";
import shared from "../../tsup.config.js";

export default defineConfig({
  ...shared,
  entry: ["src/index.ts", "src/quantize.ts", "src/worker.ts", "src/worker-thread.ts"],
});
