import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { checkNode, exitCodeOf, install, noteBuild, packageFolders, root, sourceHash, start, turbo } from "./setup.mjs";

/* `npm test` runs the tests of the repository; `npm run test:outside` those of the packages as they are published, and of their pages. */
const isOutside = process.argv[2] === "outside";
const tasks = isOutside
  ? ["test:outside"]
  : ["build", "lint", "format:root", "lint:root", "lint:unused", "typecheck", "test"];

checkNode();
await install();
const reports = packageFolders().map((folder) => join(root, folder, ".vitest", "report.json"));
for (const report of reports) rmSync(report, { force: true }); // what an earlier run left must not be counted
const options = [
  "--continue=dependencies-successful",
  "--output-logs=new-only",
  `--concurrency=${Math.max(2, availableParallelism())}`,
];
const sources = sourceHash();
const code = await exitCodeOf(start(turbo(...tasks, ...options), { stdio: ["ignore", "inherit", "inherit"] }));
if (code === 0 && !isOutside) noteBuild(sources);

const counts = reports
  .filter((report) => existsSync(report))
  .map((report) => countsOf(JSON.parse(readFileSync(report, "utf8"))));
const sum = (name) => counts.reduce((total, count) => total + count[name], 0);
const problems = [
  ...(code === 0 ? [] : ["a task failed: the last lines above name it"]),
  ...(sum("passed") === 0 ? ["no test ran"] : []),
  ...(sum("skipped") > 0 && isSet(process.env.CI) && !isOutside
    ? [`${sum("skipped")} skipped, which CI does not accept`]
    : []),
];
for (const problem of problems) console.log(problem);
if (sum("skipped") > 0) console.log(`${sum("skipped")} skipped`);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = problems.length > 0 || sum("failed") > 0 ? 1 : 0;

/** What the report of vitest's JSON reporter counts. A file that fails as a whole, because it cannot be loaded or set up, counts as one. */
function countsOf({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
  const isBroken = ({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some((result) => result.status === "failed");
  return {
    passed: numPassedTests,
    failed: numFailedTests + testResults.filter(isBroken).length,
    skipped: numPendingTests + numTodoTests,
  };
}

function isSet(value) {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
