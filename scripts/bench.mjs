import { join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { buildBench, checkNode, install, root } from "./setup.mjs";

/* Sets up what is missing, then runs a command of bench/ in this process, such as bench or weights. */

checkNode();
await install();
await buildBench();
const [command, ...args] = process.argv.slice(2);
const { INIT_CWD } = process.env;
if (INIT_CWD !== undefined && relative(root, process.cwd()) === "") process.chdir(INIT_CWD);
const script = join(root, "bench", "dist", `${command}.js`);
process.argv = [process.argv[0], script, ...args];
await import(pathToFileURL(script).href);
