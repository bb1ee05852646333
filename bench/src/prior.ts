import {
  autoregressivePrefixNetwork,
  autoregressivePriorNetwork,
  emptyAutoregressivePast,
  readAutoregressivePriorConfig,
} from "@unclip/prior";
import type { Graph } from "@unclip/graph";
import { openModelFolder, openSession, readCheckpoint } from "@unclip/runtime/node";
import { createRandom, readJson, tensor } from "@unclip/tensor";
import { Command, InvalidArgumentError } from "commander";
import { Tensor as OrtTensor } from "onnxruntime-common";
import { writeAutoregressiveFolder } from "./autoregressive-folder.js";

/* npm run bench:prior -- <folder>: what the autoregressive prior's last token costs with keys and values of the places before it, and without. */

const DEFAULT_ROWS: number[] = [1, 2, 4, 8, 16];

const command = new Command("bench:prior")
  .description("time the autoregressive prior's last token, cached and uncached, on one thread")
  .argument("<folder>", "a model folder with prior_autoregressive, for example packages/toybox/model")
  .option(
    "--rows <n...>",
    "sequences at once: captions, twice as many where they are guided",
    positiveIntegers,
    DEFAULT_ROWS,
  )
  .option("--caption-tokens <n>", "length of the captions; default the longest", positiveInteger)
  .option(
    "--random <layers>x<width>",
    "first write a prior of this size with random weights there, such as 12x768",
    sizesOf,
  )
  .option("--components <n>", "of that prior; the paper has 319", positiveInteger, 319)
  .option("--repeats <n>", "runs of either kind, whose median counts", positiveInteger, 50)
  .parse();
const options = command.opts<{
  rows: number[];
  captionTokens?: number;
  random?: { layers: number; width: number };
  components: number;
  repeats: number;
}>();

/** For how long both kinds run before what counts: until the JavaScript around a small network is compiled, its run takes twice as long. */
const WARM_UP_MS = 2000;
const COMPONENT = "prior_autoregressive";
if (options.random !== undefined) {
  const { random, components } = options;
  await writeAutoregressiveFolder(command.args[0]!, { ...random, components, buckets: 256 });
}
const folder = await openModelFolder(command.args[0]!);
const config = readAutoregressivePriorConfig(
  await readJson(folder, `${COMPONENT}/config.json`),
  `${folder.name}/${COMPONENT}/config.json`,
);
const { rows, captionTokens: length = config.textLength, repeats } = options;
const checkpoint = await readCheckpoint(folder, COMPONENT);
const open = (graph: Graph) => openSession({ graph, folder }, { threads: 1 });
const prefixSession = await open(autoregressivePrefixNetwork(config, checkpoint));
const session = await open(autoregressivePriorNetwork(config, checkpoint));

process.stdout.write(
  `token ${config.components} of ${config.components} after ${length} caption tokens, processor time on one thread, median of ${repeats}\n`,
);
for (const count of rows) {
  const { cached, uncached } = await measure(count);
  const ms = (value: number) => `${(1000 * value).toFixed(2)} ms`;
  process.stdout.write(
    `rows ${count}: cached ${ms(cached)}, uncached ${ms(uncached)}, ratio ${(cached / uncached).toFixed(3)}\n`,
  );
}
await Promise.all([prefixSession.release(), session.release()]);

/** Seconds of the last token's run with all places before it known, and with none: then the prefix is computed too. */
async function measure(n: number): Promise<{ cached: number; uncached: number }> {
  const random = createRandom(0);
  const caption = {
    textEmbedding: random.normal([n, config.embeddingWidth]),
    textStates: random.normal([n, length, config.textWidth]),
  };
  const { layers, heads, headWidth, components: last } = config;
  const places = length + 1 + last;
  const tokensOf = (start: number) => ({
    tokens: new OrtTensor("int64", new BigInt64Array(n * (last - start)), [n, last - start]),
    next: new OrtTensor(
      "int64",
      BigInt64Array.from({ length: last - start }, (_, i) => BigInt(start + i)),
      [last - start],
    ),
  });
  const whole = new OrtTensor("int32", new Int32Array(n * places).fill(1), [n, places]);
  const nothing = emptyAutoregressivePast(config, n);
  const uncached = async () => {
    const { prefix } = await prefixSession.run(caption);
    return session.run({ prefix: prefix!, ...tokensOf(0), mask: whole, ...nothing }, ["logits"]);
  };
  // As the prior does: a buffer with room for all places, the last of which is not known yet, and the one that is computed.
  const known = Object.fromEntries(
    Array.from({ length: layers }, (_, i) => [`past.${i}`, random.normal([2, n, heads, places, headWidth])]),
  );
  const noPrefix = tensor(new Float32Array(), [n, 0, heads * headWidth]);
  const row = Array.from({ length: places + 1 }, (_, place) => (place === places - 1 ? 0 : 1));
  const mask = new OrtTensor("int32", Int32Array.from(Array(n).fill(row).flat()), [n, places + 1]);
  const outputs = ["logits", ...Array.from({ length: layers }, (_, i) => `fresh.${i}`)];
  const cached = () => session.run({ prefix: noPrefix, ...tokensOf(last - 1), mask, ...known }, outputs);

  const kinds = { cached, uncached };
  const seconds = { cached: [] as number[], uncached: [] as number[] };
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) for (const run of Object.values(kinds)) await run();
  for (let i = 0; i < repeats; i++) {
    for (const kind of ["cached", "uncached"] as const) {
      const start = process.cpuUsage();
      await kinds[kind]();
      const { user, system } = process.cpuUsage(start);
      seconds[kind].push((user + system) / 1e6); // processor time: fair on a busy machine
    }
  }
  return { cached: median(seconds.cached), uncached: median(seconds.uncached) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function sizesOf(text: string): { layers: number; width: number } {
  const [, layers, width] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  if (layers !== undefined && Number(width) % 64 === 0) return { layers: Number(layers), width: Number(width) };
  throw new InvalidArgumentError("expected layers and width, a multiple of 64, such as 12x768");
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1 on");
  return Number(text);
}

function positiveIntegers(text: string, before: readonly number[]): number[] {
  const isDefault = before === DEFAULT_ROWS;
  return [...(isDefault ? [] : before), positiveInteger(text)];
}
