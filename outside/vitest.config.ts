import { defineConfig } from "vitest/config";

/** Programs run one after the other: each takes all cores, and some are timed. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "src/global-setup.ts",
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ["default", ["json", { outputFile: ".vitest/report.json" }]], // scripts/test.mjs counts from it
  },
});
