import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { buildCli, checkNode, exitCodeOf, install, root } from "./setup.mjs";

/* Makes every picture of the documentation anew: docs/pictures.json says by which commands. Arguments are the first letters of paths, such as
 * docs/manipulations, and choose the pictures; --list shows what would be done. */

const table = JSON.parse(readFileSync(join(root, "docs", "pictures.json"), "utf8"));
const prefixes = process.argv.slice(2).filter((arg) => arg !== "--list");
const chosen = table.filter(
  ({ files }) => prefixes.length === 0 || files.some((file) => prefixes.some((prefix) => file.startsWith(prefix))),
);
if (chosen.length === 0) {
  process.stderr.write(`error: docs/pictures.json has no picture whose path begins with ${prefixes.join(" or ")}\n`);
  process.exit(1);
}
if (process.argv.includes("--list")) {
  for (const { files, commands } of chosen) {
    process.stdout.write(`${files.join(" ")}\n${commands.map((command) => `  ${shown(command)}\n`).join("")}`);
  }
  process.exit(0);
}

checkNode();
await install();
await buildCli();

let child;
let stoppedBy;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    stoppedBy ??= signal;
    child?.kill(signal);
  });
}

const failed = [];
for (const [i, { files, commands }] of chosen.entries()) {
  const file = files.join(", ");
  const started = performance.now();
  process.stderr.write(`[${i + 1}/${chosen.length}] ${file} ... `);
  const failure = await firstFailure(commands);
  if (stoppedBy !== undefined) break;
  process.stderr.write(failure ? "failed\n" : `${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  if (failure === undefined) continue;
  failed.push(file);
  process.stderr.write(`${failure.printed}error: ${shown(failure.command)} ended with exit code ${failure.code}\n`);
}
if (stoppedBy !== undefined) {
  process.stderr.write("\nstopped; the pictures before this one are new, the others as they were\n");
  process.exit(stoppedBy === "SIGINT" ? 130 : 143);
}
if (failed.length > 0) {
  process.stderr.write(`error: these pictures could not be made: ${failed.join(", ")}\n`);
  process.exit(1);
}

/** Runs commands one after another until one fails. */
async function firstFailure(commands) {
  for (const command of commands) {
    const printed = [];
    const [program, args, folder] = processOf(command);
    child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => printed.push(String(bytes)));
    const code = await exitCodeOf(child);
    if (code !== 0) return { command, code, printed: printed.join("") };
  }
  return undefined;
}

/** Program, arguments and folder of a command: one of unclip, of Node, or of a Python module in training/. */
function processOf([name, ...args]) {
  if (name === "unclip") return [process.execPath, [join(root, "apps", "cli", "dist", "index.js"), ...args], root];
  if (name === "node") return [process.execPath, args, root];
  return [name, args, join(root, "training")];
}

/** A command as a shell takes it. */
function shown(command) {
  return command.map((word) => (/^[\w./:=,-]+$/.test(word) ? word : `"${word}"`)).join(" ");
}
