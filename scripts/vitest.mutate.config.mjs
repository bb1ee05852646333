import { configDefaults, defineConfig, mergeConfig } from "vitest/config";
import base from "../vitest.config.ts";

/* The tests of a mutation run: without those that fuzz, which cover every line and take seconds for each mutant, and without those that
 * start browsers or trace processes, which see the sources as they are and not the mutants. */

export default mergeConfig(
  base,
  defineConfig({
    test: {
      exclude: [
        ...configDefaults.exclude,
        "**/test/*fuzz*.test.ts",
        "**/test/contract/browser.test.ts",
        "**/test/readme.test.ts",
        "**/test/reference*.test.ts",
        "**/test/torch-files.test.ts",
        "**/test/telemetry/**",
        "**/test/bundle.test.ts",
        "**/test/processes.test.ts",
      ],
      testTimeout: 60_000, // what hangs fails its test; on a busy machine the slowest takes half of it
    },
  }),
);
