#!/usr/bin/env node
import { run } from "./run.js";
import { processWorld } from "./world.js";

for (const output of [process.stdout, process.stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error; // whoever read the output has gone; the picture is still wanted
  });
}
process.exitCode = await run(process.argv.slice(2), processWorld());
