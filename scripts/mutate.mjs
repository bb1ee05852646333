import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { exitCodeOf, fail, install, root, start } from "./setup.mjs";

/* Mutation testing: changes each line of a package a little and tells which changes no test notices. It takes minutes to hours, so
 * CI leaves it out. `npm run mutate -- sampler`; `--sample 0.2` tries a fifth of the changes, drawn by chance, the same in every run. Any
 * other option is Stryker's, such as `--incremental`. */

const [name = "", ...rest] = process.argv.slice(2);
const at = rest.indexOf("--sample");
const sample = at < 0 ? undefined : rest.splice(at, 2)[1];
if (at >= 0 && !(Number(sample) > 0 && Number(sample) <= 1)) {
  fail(`mutate: --sample: expected a share above 0 and up to 1, such as 0.2, got ${String(sample)}`);
}
const folder = ["packages", "apps"]
  .map((parent) => `${parent}/${name}`)
  .find((path) => existsSync(join(root, path, "src")));
if (name === "" || folder === undefined) {
  fail(`mutate: expected the name of a package, such as sampler, got ${name === "" ? "none" : JSON.stringify(name)}`);
}
await install();
const manifest = createRequire(import.meta.url).resolve("@stryker-mutator/core/package.json");
const env = { UNCLIP_MUTATE: folder, ...(sample !== undefined && { UNCLIP_MUTATE_SAMPLE: sample }) };
const stryker = [
  process.execPath,
  join(dirname(manifest), "bin", "stryker.js"),
  "run",
  "scripts/stryker.config.mjs",
  ...rest,
];
process.exitCode = await exitCodeOf(start(stryker, { stdio: "inherit", env: { ...process.env, ...env } }));
