import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fail, root, turboEnv } from "./setup.mjs";

/* Runs before a package is packed, in its folder: builds it, and refuses one that would not work where it is installed. */

const { name, version, bin = {}, exports = {}, files } = JSON.parse(readFileSync("package.json", "utf8"));

if (!/^pnpm\//.test(process.env.npm_config_user_agent ?? ""))
  fail(`${name}: pack it with pnpm; npm leaves "workspace:" in the dependencies`);

const turbo = join(root, "node_modules", "turbo", "bin", "turbo");
const build = ["run", "build", `--filter=${name}`, "--output-logs=errors-only"];
const { status } = spawnSync(process.execPath, [turbo, ...build], {
  cwd: root,
  stdio: ["ignore", "ignore", "inherit"],
  env: { ...process.env, ...turboEnv },
});
if (status !== 0) fail(`${name}: its build failed`);

const named = [...Object.values(bin), ...pathsIn(exports)].filter((path) => !path.includes("*"));
const missing = [...named, "README.md"].find((path) => !existsSync(path));
if (missing !== undefined) fail(`${name}: there is no ${missing}`);
if (version !== "0.0.0" && !existsSync("CHANGELOG.md"))
  fail(`${name}: there is no CHANGELOG.md; "changeset version" writes it`);
if (!files.includes("CHANGELOG.md")) fail(`${name}: CHANGELOG.md is not among its files`);

/** The built files that exports lead to; sources are for this repository alone. */
function pathsIn(exports) {
  if (typeof exports === "string") return [exports];
  return Object.entries(exports).flatMap(([condition, inner]) =>
    condition === "@unclip/source" ? [] : pathsIn(inner),
  );
}
