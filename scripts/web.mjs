import { join, relative } from "node:path";
import process from "node:process";
import { buildWeb, checkNode, exitCodeOf, fail, install, pnpm, root, start } from "./setup.mjs";

/* Sets up what is missing, builds the web page, and serves it on this machine; `build` does not serve. Other arguments go to `vite preview`. */

const [first, ...rest] = process.argv.slice(2);
checkNode();
await install();
await buildWeb();
const dist = join("apps", "web", "dist");
if (first === "build") {
  if (rest.length > 0) fail(`web:build takes no arguments, got ${rest.join(" ")}`);
  process.stdout.write(
    `the page is in ${relative(process.env.INIT_CWD ?? root, join(root, dist)) || "."}: put that folder on any file server\n`,
  );
} else {
  const args = first === undefined ? [] : [first, ...rest];
  const child = start(pnpm("--filter", "@unclip/web", "exec", "vite", "preview", ...args), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  process.exitCode = await exitCodeOf(child);
}
