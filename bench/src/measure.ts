import { createRuntime, openModelFolder, openSession, readCheckpoint } from "@unclip/runtime/node";
import { readJson, valuesOf } from "@unclip/tensor";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { countFlops, sizesOf } from "./flops.js";
import { NETWORKS } from "./networks.js";
import { stageNamed } from "./stages.js";

/* One stage in a process of its own: node measure.js <folder> <stage> <file for the output> <threads> <clock> [<beginning of the name of a profile>].
 * Opens the network, then runs one step for each line "step" of its input and stops at its end. It answers each with one line of JSON. */

const [folderPath, stageName, outputFile, threads, clock, profile] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string?,
];
const stage = stageNamed(stageName);
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const peakBytes = () => process.resourceUsage().maxRSS * 1024;
/** Seconds that passed, or that the processor spent on this process. */
const now = () => {
  const { user, system } = process.cpuUsage();
  return clock === "processor" ? (user + system) / 1e6 : performance.now() / 1e3;
};

const folder = await openModelFolder(folderPath);
const config = await readJson(folder, `${stage.component}/config.json`);
let feeds = stage.feeds(stage.inputs(config), config);

const opening = now();
const graph = NETWORKS[stage.component]!(config, await readCheckpoint(folder, stage.component));
const session = await openSession(
  { graph, folder },
  { keepPrepared: true, ...(threads !== "all" && { threads: Number(threads) }), ...(profile && { profile }) },
);
const openSeconds = now() - opening;
if (stage.carry) {
  const [from, to] = stage.carry;
  const first = await session.run(feeds);
  feeds = { ...feeds, [to]: first[from]! };
}
say({
  seconds: openSeconds,
  peakBytes: peakBytes(),
  weightBytes: graph.weightBytes,
  flops: countFlops(graph, sizesOf(graph, feeds)),
  version: (await createRuntime()).version,
});

let output: Float32Array = new Float32Array();
for await (const _ of createInterface({ input: process.stdin })) {
  const start = now();
  const outputs = await session.run(feeds);
  say({ seconds: now() - start, peakBytes: peakBytes() });
  output = valuesOf(outputs[stage.output]!);
}
await session.release();
await writeFile(outputFile, new Uint8Array(output.buffer, output.byteOffset, output.byteLength));
