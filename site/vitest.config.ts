import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 1_200_000,
    reporters: ["default", ["json", { outputFile: ".vitest/report.json" }]], // scripts/test.mjs counts from it
  },
});
