import process from "node:process";

/* Mutation testing of one package, started by `npm run mutate -- <package>`. */

const folder = process.env.UNCLIP_MUTATE;
const sample = process.env.UNCLIP_MUTATE_SAMPLE;

/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  plugins: ["@stryker-mutator/vitest-runner", "./scripts/sample-mutants.mjs"],
  checkers: sample === undefined ? [] : ["sample"],
  testRunner: "vitest",
  vitest: { configFile: "scripts/vitest.mutate.config.mjs", dir: folder, related: false },
  // The layers' arithmetic takes hours: each mutant of it opens networks. The reference's numbers hold it to account.
  mutate: [`${folder}/src/**/*.ts`, `!${folder}/src/**/index.ts`, "!packages/graph/src/layers/**"],
  // The copy that is mutated needs no built files and no documents. node_modules are linked.
  ignorePatterns: ["dist", ".turbo", ".readme", "/docs", "/training", "/coverage", "/bench", "/.stryker-tmp"],
  tempDirName: `.stryker-tmp/${process.pid}`, // a run that ends deletes its folder, not that of another
  coverageAnalysis: "perTest",
  // A mutant of a module's constant takes every test of the package, a minute or two each. The functions that use such constants are mutated.
  ignoreStatic: true,
  concurrency: Number(process.env.UNCLIP_MUTATE_CONCURRENCY ?? 2),
  reporters: ["clear-text", "progress-append-only", "html", "json"],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  htmlReporter: { fileName: `coverage/mutation/${folder}.html` },
  jsonReporter: { fileName: `coverage/mutation/${folder}.json` },
  // What a run learned, for `--incremental`: the next run repeats only mutants whose source or tests changed.
  incrementalFile: `coverage/mutation/${folder}${sample === undefined ? "" : `.sample-${sample}`}.incremental.json`,
  // A time-out counts as killed. Endless loops are found by counting; the time is long, so that a busy machine kills nothing.
  timeoutMS: 15_000,
  timeoutFactor: 3,
  dryRunTimeoutMinutes: 30,
  thresholds: { high: 95, low: 90, break: 85 },
};
