import { defineConfig } from "vitest/config";

/** Tests import packages by name; the condition leads to their sources, so that no build is needed. */
const conditions = ["@unclip/source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ["default", ["json", { outputFile: ".vitest/report.json" }]], // scripts/test.mjs counts from it
    env: { ORT_DISABLE_TELEMETRY: "1" }, // for tests that load ONNX Runtime themselves
  },
});
