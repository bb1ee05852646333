import { nodePlatform } from "./node-platform.js";
import { cases } from "./suite.js";

/* The suite in a process of its own: runs the case whose name it is sent, and answers with what went wrong, or null. */

const [device, fixtures, torch] = process.argv.slice(2) as ["webgpu", string, string];
const platform = nodePlatform(device, fixtures, torch);

process.on("message", (name: string) => {
  cases[name]!(platform).then(
    () => process.send!(null),
    (error: unknown) => process.send!(error instanceof Error ? error.stack! : String(error)),
  );
});
