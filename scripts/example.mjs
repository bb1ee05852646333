import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildCli, checkNode, exitCodeOf, fail, install, root } from "./setup.mjs";

/* Runs a program of examples/ with the packages of this repository, in the folder where npm was called. */

const [name, ...args] = process.argv.slice(2);
const programs = readdirSync(join(root, "examples")).filter((file) => file.endsWith(".mjs"));
const program = join(root, "examples", `${name}.mjs`);
if (name === undefined || !existsSync(program))
  fail(`expected the name of an example: ${programs.map((file) => file.slice(0, -4)).join(", ")}`);

checkNode();
await install();
await buildCli();
const cwd = process.env.INIT_CWD ?? process.cwd();
process.exitCode = await exitCodeOf(spawn(process.execPath, [program, ...args], { cwd, stdio: "inherit" }));
