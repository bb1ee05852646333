import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { exitCodeOf, fail, install, root, start } from "./setup.mjs";

/* Mutation testing: changes each line of a package a little and tells which changes no test notices. It takes minutes to hours, so
 * CI leaves it out. `npm run mutate -- sampler` */

const [name = "", ...rest] = process.argv.slice(2);
const folder = ["packages", "apps"]
  .map((parent) => `${parent}/${name}`)
  .find((path) => existsSync(join(root, path, "src")));
if (name === "" || folder === undefined) {
  fail(`mutate: expected the name of a package, such as sampler, got ${name === "" ? "none" : JSON.stringify(name)}`);
}
await install();
const manifest = createRequire(import.meta.url).resolve("@stryker-mutator/core/package.json");
const env = { UNCLIP_MUTATE: folder };
const stryker = [
  process.execPath,
  join(dirname(manifest), "bin", "stryker.js"),
  "run",
  "scripts/stryker.config.mjs",
  ...rest,
];
process.exitCode = await exitCodeOf(start(stryker, { stdio: "inherit", env: { ...process.env, ...env } }));
