import process from "node:process";
import { runCli } from "./run-cli.mjs";

const defaultCaption = "a red cube on top of a blue sphere";

const args = process.argv.slice(2);
const caption = args.length > 0 && !args[0].startsWith("-") ? [] : [defaultCaption];
await runCli(["generate", ...caption, ...args]);
