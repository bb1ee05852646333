import process from "node:process";
import { parseArgs } from "node:util";
import { checkNode, exitCodeOf, fail, install, pnpm, start } from "./setup.mjs";

/* Runs the fuzzers with more cases than the test suite has: npm run fuzz -- --cases 5000 [--from 300] */

checkNode();
const { values } = parseArgs({
  options: { cases: { type: "string", default: "5000" }, from: { type: "string", default: "0" } },
});
const [cases, from] = [Number(values.cases), Number(values.from)];
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(from) || from < 0) {
  fail(`--cases and --from: expected whole numbers, got ${values.cases} and ${values.from}`);
}
await install();
const env = { UNCLIP_FUZZ_CASES: values.cases, UNCLIP_FUZZ_FROM: values.from };
const targets = [
  ["@unclip/graph", "test/torch-file-fuzz.test.ts"],
  ["unclip", "test/fuzz-folder.test.ts"],
];
for (const [name, test] of targets) {
  const vitest = pnpm("--filter", name, "exec", "vitest", "run", "--config", "../../vitest.config.ts", test);
  const code = await exitCodeOf(start(vitest, { env, stdio: "inherit" }));
  if (code !== 0) process.exitCode = code;
}
