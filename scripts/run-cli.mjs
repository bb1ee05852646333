import { join, relative } from "node:path";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { pathToFileURL } from "node:url";
import { buildCli, checkNode, install, root } from "./setup.mjs";

/** Sets up what is missing, then runs the command line app in this process, so that signals and the exit code are its own.
 * @param {string[]} args its arguments; paths in them are relative to the folder in which npm was called */
export async function runCli(args) {
  checkNode();
  await install();
  await buildCli();
  const { INIT_CWD } = process.env;
  if (INIT_CWD !== undefined && relative(root, process.cwd()) === "") process.chdir(INIT_CWD);
  const app = join(root, "apps", "cli", "dist", "index.js");
  process.argv = [process.argv[0], app, ...args];
  stopWithParent();
  await import(pathToFileURL(app).href);
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
