import { spawn } from "node:child_process";
import { join, relative } from "node:path";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { buildCli, checkNode, exitCodeOf, install, root } from "./setup.mjs";

/** As in the first line of the built app: memory of a network that closes goes back to the system, where glibc would keep hundreds of
 * megabytes for itself, and is taken in pages of 2 MB. glibc reads this when a process starts, hence the process. */
const memory = { GLIBC_TUNABLES: "glibc.malloc.mmap_threshold=1048576:glibc.malloc.hugetlb=1" };

/** Sets up what is missing, then runs the command line app; signals go to it, and its exit code is ours.
 * @param {string[]} args its arguments; paths in them are relative to the folder in which npm was called */
export async function runCli(args) {
  checkNode();
  await install();
  await buildCli();
  const { INIT_CWD } = process.env;
  if (INIT_CWD !== undefined && relative(root, process.cwd()) === "") process.chdir(INIT_CWD);
  const app = join(root, "apps", "cli", "dist", "index.js");
  const child = spawn(process.execPath, [app, ...args], { stdio: "inherit", env: { ...memory, ...process.env } });
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      if (process.platform !== "win32") child.kill(signal); // there, the console tells both
    });
  }
  stopWithParent();
  process.exitCode = await exitCodeOf(child);
}

/** A SIGTERM sent to npm ends the shell between npm and this process, and comes no further: then the parent has changed. */
function stopWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 500);
  watch.unref();
}
