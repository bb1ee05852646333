import { isMainThread, Worker } from "node:worker_threads";

/* A program that loads the library in a worker thread alone, where the environment of the process cannot be changed any more. */

if (isMainThread) new Worker(new URL(import.meta.url));
else {
  const { createCheckpoint, createGraphBuilder } = await import("@unclip/graph");
  const { createRuntime } = await import("@unclip/runtime/node");
  const g = createGraphBuilder({ name: "nothing", checkpoint: createCheckpoint("nothing", new Map()) });
  g.output("y", g.input("x", "float", [1]));
  const network = (await createRuntime()).network(g.finish());
  await network.run({}).catch((error: Error) => process.stdout.write(error.message));
}
