#!/usr/bin/env node
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { URL } from "node:url";

/* `npx unclip ...` starts the command line app of the same version, @unclip/cli: the one that is installed beside this package or in the
 * folder where it was called; else npm fetches it. Nobody who uses the library alone installs it. */

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const args = process.argv.slice(2);

/* As in the first line of the app: glibc then gives the memory of a network that closes back to the system. The script of onnxruntime-node
 * would fetch GPU files. */
const env = {
  GLIBC_TUNABLES: "glibc.malloc.mmap_threshold=1048576:glibc.malloc.hugetlb=1",
  ONNXRUNTIME_NODE_INSTALL: "skip",
  ...process.env,
};

const app = installedApp();
if (app !== undefined) run(process.execPath, [app, ...args]);
else run("npm", ["exec", "--yes", `--package=@unclip/cli@${version}`, "--", "unclip-cli", ...args]);

/** The script of @unclip/cli, if it is installed in this version. */
function installedApp() {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const manifest = createRequire(from).resolve("@unclip/cli/package.json");
      const { version: found, bin } = JSON.parse(readFileSync(manifest, "utf8"));
      if (found === version) return join(dirname(manifest), bin["unclip-cli"]);
    } catch {
      // not installed there
    }
  }
  return undefined;
}

/** Runs a command in this one's place: its exit code is ours. Signals reach both from a terminal; others are passed on. */
function run(command, args) {
  const shell = command === "npm" && process.platform === "win32"; // npm is a batch file there
  const child = spawn(command, args, { stdio: "inherit", env, shell });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`error: ${command} could not be started (${error.message}); install @unclip/cli\n`);
    process.exitCode = 1;
  });
  child.on("close", (code, signal) => (process.exitCode = code ?? 128 + constants.signals[signal]));
}
