import { relative } from "node:path";
import { configDefaults, defineConfig, mergeConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import base from "../vitest.config.ts";

/* The tests of a mutation run: without those that fuzz or repeat whole pictures of the reference, which cover every line and take seconds for
 * each mutant, and without those that start browsers, bundle or trace processes, which see the sources as they are and not the mutants. */

/** The longest that each file of tests took so far: a mutant's run takes some of its tests, and ends with the first that fails. */
const longest = new Map();

/** The quickest files first: one test that fails is enough, and Vitest on its own begins with the slowest file. */
class QuickestFirst extends BaseSequencer {
  async sort(files) {
    for (const { moduleId, project } of files) {
      const { duration = 0 } =
        this.ctx.cache.getFileTestResults(`${project.name}:${relative(this.ctx.config.root, moduleId)}`) ?? {};
      longest.set(moduleId, Math.max(longest.get(moduleId) ?? 0, duration));
    }
    return [...files].sort((a, b) => longest.get(a.moduleId) - longest.get(b.moduleId));
  }
}

export default mergeConfig(
  base,
  defineConfig({
    test: {
      exclude: [
        ...configDefaults.exclude,
        "**/test/*fuzz*.test.ts",
        "**/test/contract/**",
        "**/test/readme.test.ts",
        "**/test/reference*.test.ts",
        "**/test/torch-files.test.ts",
        "**/test/telemetry/**",
        "**/test/bundle.test.ts",
        "**/test/bundlers/**",
        "**/test/processes.test.ts",
      ],
      sequence: { sequencer: QuickestFirst },
      testTimeout: 60_000, // what hangs fails its test; on a busy machine the slowest takes half of it
    },
  }),
);
