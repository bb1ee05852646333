import { isMainThread, Worker } from "node:worker_threads";
import { loadUnclip } from "unclip";

/* A program that paints with toybox and stays until ONNX Runtime would have looked up its collector, some 10 seconds after its first session.
 * Its arguments: the model folder, and "worker" for a worker thread that the main thread starts after it has imported the library. */

const STAY_MS = 14_000;

const [, , model, where] = process.argv;

async function paint(): Promise<void> {
  const unclip = await loadUnclip(model);
  const started = Date.now();
  await unclip.generate("a red cube");
  await unclip.dispose();
  await new Promise((resolve) => setTimeout(resolve, STAY_MS - (Date.now() - started)));
}

if (isMainThread && where === "worker") {
  const worker = new Worker(new URL(import.meta.url), { argv: [model] });
  worker.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
} else {
  await paint();
}
