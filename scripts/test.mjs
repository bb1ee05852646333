import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { checkNode, exitCodeOf, install, noteBuild, packageFolders, root, sourceHash, start, turbo } from "./setup.mjs";

const tasks = ["build", "lint", "format:root", "lint:root", "typecheck", "test"];

checkNode();
await install();
const logs = packageFolders().map((folder) => join(root, folder, ".turbo", "turbo-test.log"));
for (const log of logs) rmSync(log, { force: true }); // what an earlier run left must not be counted
const options = [
  "--continue=dependencies-successful",
  "--output-logs=new-only",
  `--concurrency=${Math.max(2, availableParallelism())}`,
];
const sources = sourceHash();
const code = await exitCodeOf(start(turbo(...tasks, ...options), { stdio: ["ignore", "inherit", "inherit"] }));
if (code === 0) noteBuild(sources);

const counts = logs.filter((log) => existsSync(log)).map((log) => countsOf(readFileSync(log, "utf8")));
const sum = (name) => counts.reduce((total, count) => total + count[name], 0);
const problems = [
  ...(code === 0 ? [] : ["a task failed: the last lines above name it"]),
  ...(sum("passed") === 0 ? ["no test ran"] : []),
  ...(sum("skipped") > 0 && isSet(process.env.CI) ? [`${sum("skipped")} skipped, which CI does not accept`] : []),
];
for (const problem of problems) console.log(problem);
if (sum("skipped") > 0) console.log(`${sum("skipped")} skipped`);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = problems.length > 0 || sum("failed") > 0 ? 1 : 0;

/** The numbers of vitest's summary, such as "Tests  1 failed | 7 passed | 2 skipped (10)". A file that could not be loaded has no
 * tests to count, so it counts as one failed. */
function countsOf(log) {
  const lines = stripVTControlCharacters(log).split("\n");
  const numberIn = (line, word) => Number(new RegExp(`(\\d+) ${word}`).exec(line ?? "")?.[1] ?? 0);
  const tests = lines.findLast((line) => /(^|\s)Tests {2}/.test(line));
  const suites = lines.findLast((line) => /(^|\s)Failed Suites \d/.test(line));
  return {
    passed: numberIn(tests, "passed"),
    failed: numberIn(tests, "failed") + Number(/Failed Suites (\d+)/.exec(suites ?? "")?.[1] ?? 0),
    skipped: numberIn(tests, "skipped"),
  };
}

function isSet(value) {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
