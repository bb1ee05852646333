import { join } from "node:path";
import process from "node:process";
import { buildSite, checkNode, install, root } from "./setup.mjs";

/* Builds the documentation as a site, for any file server. */

checkNode();
await install();
await buildSite();
process.stdout.write(`${join(root, "site/.vitepress/dist")}\n`);
