import { createRuntime, openModelFolder, type Directory, type FolderSource, type Runtime } from "@unclip/runtime/node";
import { checkAborted, createRun, nextTask, UnclipError, type Run, type Tensor } from "@unclip/tensor";
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { readDefaults } from "../defaults.js";
import { generate } from "../generate.js";
import { openFamily } from "../open-family.js";
import type { SourceOptions } from "../open-model.js";
import { start, type LoadedModel } from "../operation.js";
import {
  QUANTIZATION_FILE,
  readQuantization,
  type NetworkDecision,
  type Quantization,
  type Tolerance,
} from "../quantization.js";
import type { StageStep } from "../timeline.js";
import { chooseLayers } from "./choose.js";
import { observingRuntime, type SeenNetwork } from "./observe.js";
import { measureLayers, relativeError, rootMeanSquare, roundLayers, type MeasuredLayer } from "./sensitivity.js";
import { weightBytesOf, writeFolder } from "./write-folder.js";
import { placeOf, type ChosenLayer } from "./write-weights.js";

/** Options of {@link quantizeModel}. */
export interface QuantizeOptions extends SourceOptions {
  /** The folder to write, which must not be there yet, or be empty. */
  readonly out: string;
  /** Captions that are painted to see what the layers see; default four of things, places and paintings. Captions like those that the model will
   * be given serve it best. */
  readonly captions?: readonly string[];
  /** Sampling steps of each stage in those paintings, at most; default 8, spread over all timesteps. */
  readonly steps?: number;
  /** Relative error that int8 may bring to the output of each network; default 0.01. Layers stay in float until it is kept. "none": every layer
   * that can be becomes int8, and no layer is tried alone, which saves most of the time. */
  readonly tolerance?: number | "none";
  /** Seed of the noise, an integer; default 0. */
  readonly seed?: number;
  /** Threads of one run; default one for each core. */
  readonly threads?: number;
}

/** A quantised model. */
export interface QuantizedModel extends Quantization {
  /** Absolute path of its folder. */
  readonly path: string;
  /** The bytes of its weights, before and after. */
  readonly sizeBytes: { readonly before: number; readonly after: number };
}

const CAPTIONS = [
  "a red cube on top of a blue sphere",
  "a green cone",
  "an oil painting of a village by a lake in autumn",
  "a photograph of a dog on a beach",
];

/** Makes int8 of a model, in Node: paints captions to see what its layers see, measures what each layer costs, writes a folder whose layers are int8
 * but for those that cost too much, and measures what was written. The folder opens like any other; quantization.json in it tells what was done.
 * @param source as for `loadUnclip`
 * @throws UnclipError "input" for an option that cannot be, a folder that is there already or a model that is int8 already; "aborted" if the
 * signal fires, and then nothing is left of the folder */
export function quantizeModel(source: FolderSource, options: QuantizeOptions): Run<QuantizedModel, StageStep> {
  return createRun(async function* () {
    const path = resolve(options.out);
    const settings = { captions: CAPTIONS, steps: 8, tolerance: 0.01, seed: 0, ...definedOf(options) };
    checkSettings(settings);
    await checkFree(path);
    const runtime = await createRuntime({ ...(options.threads !== undefined && { threads: options.threads }) });
    const made: string[] = [];
    try {
      const { dtype, offline, onDownload, priorModel, signal } = options;
      const sources = { dtype, offline, onDownload, signal, ...(priorModel !== undefined && { priorModel }) };
      const opened = await openFamily(source, sources);
      const folder = opened.folder as Directory;
      if ((await readQuantization(folder)) !== undefined)
        throw new UnclipError("input", `${opened.model}: is int8 already; quantise the model that it was made of`);
      const place: Place = { folder, runtime, signal, priorModel };

      const networks = yield* calibrate(opened, place, settings);
      const measured = yield* measure(networks, place, settings);

      await mkdir(dirname(path), { recursive: true });
      const target = await mkdtemp(join(dirname(path), `.${basename(path)}-`));
      made.push(target);
      const decisions = yield* writeWithin(measured, place, { ...settings, target });
      const { captions, steps, seed, tolerance } = settings;
      const quantization: Quantization = {
        source: opened.model,
        version: 1,
        calibration: { captions, steps, seed },
        tolerance,
        networks: decisions,
      };
      await writeFile(join(target, QUANTIZATION_FILE), `${JSON.stringify(quantization, undefined, 2)}\n`);
      const after = await weightBytesOf(await openModelFolder(target));
      checkAborted(signal, "quantizeModel");
      await rmdir(path).catch(() => undefined); // an empty one
      await rename(target, path);
      made.pop();
      return { path, ...quantization, sizeBytes: { before: await weightBytesOf(folder), after } };
    } finally {
      await runtime.dispose();
      for (const folder of made) await rm(folder, { recursive: true, force: true });
    }
  });
}

interface Settings {
  readonly captions: readonly string[];
  readonly steps: number;
  readonly tolerance: Tolerance;
  readonly seed: number;
}

/** What the work is done with. */
interface Place {
  readonly folder: Directory;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
  readonly priorModel: SourceOptions["priorModel"];
}

/** A network with what each of its layers costs. */
interface MeasuredNetwork {
  readonly network: SeenNetwork;
  readonly layers: readonly MeasuredLayer[];
}

function definedOf({ captions, steps, tolerance, seed }: QuantizeOptions): Partial<Settings> {
  const given = Object.entries({ captions, steps, tolerance, seed }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<Settings>;
}

function checkSettings({ captions, steps, tolerance }: Settings): void {
  const refuse = (name: string, expected: string, got: unknown) =>
    new UnclipError("input", `${name}: expected ${expected}, got ${JSON.stringify(got)}`);
  if (!Array.isArray(captions) || captions.length === 0)
    throw refuse("captions", "a list of one caption or more", captions);
  if (!(Number.isInteger(steps) && steps >= 2)) throw refuse("steps", "a whole number from 2 on", steps);
  if (tolerance !== "none" && !(tolerance > 0 && tolerance < 1))
    throw refuse("tolerance", 'a number between 0 and 1, or "none"', tolerance);
}

async function checkFree(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (found.isDirectory() && (await readdir(path)).length === 0)) return;
  const what = found.isDirectory() ? "a folder with files in it" : "a file";
  throw new UnclipError("input", `out: ${path} is ${what}; name a folder that is not there yet`);
}

/** Paints captions, and what was painted is seen by CLIP, where the model has it. */
async function* calibrate(
  opened: Awaited<ReturnType<typeof openFamily>>,
  { folder, runtime, signal }: Place,
  { captions, steps, seed }: Settings,
): AsyncGenerator<StageStep, readonly SeenNetwork[]> {
  const observing = observingRuntime(runtime);
  const family = await opened.load(observing.runtime);
  const { stages } = family;
  const defaults = await readDefaults(folder, stages);
  const loaded: LoadedModel = { ...family, model: opened.model, runtime: observing.runtime, defaults };
  const stepsOf = (stage: { readonly steps: number }) => ({ steps: Math.min(steps, stage.steps) });
  for (const [index, caption] of captions.entries()) {
    const { images } = yield* start(generate, loaded, {
      captions: [caption],
      prior: stages.prior ? stepsOf(defaults.prior) : { kind: "none" }, // the caption alone
      decoder: stepsOf(defaults.decoder),
      upsamplers: defaults.upsamplers.map(stepsOf),
      seed: seed + index,
      ...(signal && { signal }),
    });
    await stages.imageEncoder?.embed(images);
  }
  await runtime.dispose();
  return observing.networks.filter((network) => network.folder === folder); // a prior may be another folder's
}

/** What every layer costs, or without a tolerance only what it is in int8. */
async function* measure(
  networks: readonly SeenNetwork[],
  place: Place,
  { tolerance }: Settings,
): AsyncGenerator<StageStep, readonly MeasuredNetwork[]> {
  const measured: MeasuredNetwork[] = [];
  for (const network of networks) {
    if (network.graph.layers.length === 0) continue;
    const stage = `layers of ${network.graph.name}`;
    const steps = network.graph.layers.length;
    const layers: MeasuredLayer[] = [];
    yield { stage, step: 0, steps };
    const layersOf = tolerance === "none" ? roundLayers : measureLayers;
    for await (const layer of layersOf(network, place)) {
      layers.push(layer);
      yield { stage, step: layers.length, steps };
    }
    measured.push({ network, layers });
  }
  return measured;
}

/** How often a folder is written anew because a network missed the tolerance. */
const MOST_ROUNDS = 3;

/** Writes the folder, measures each network in it, and where one misses the tolerance leaves more of its layers in float.
 * @returns what became of each network */
async function* writeWithin(
  measured: readonly MeasuredNetwork[],
  place: Place,
  { target, tolerance }: { readonly target: string; readonly tolerance: Tolerance },
): AsyncGenerator<StageStep, NetworkDecision[]> {
  const limit = tolerance === "none" ? Infinity : tolerance;
  const budgets = measured.map(() => limit);
  for (let round = 1; ; round++) {
    const choices = measured.map(({ layers }, i) => chooseLayers(layers, budgets[i]!));
    const chosen = chosenPlaces(measured, choices);
    await rm(target, { recursive: true, force: true });
    await mkdir(target);
    const inMegabytes = (bytes: number) => Math.ceil(bytes / 1e6);
    for await (const { written, total } of writeFolder({ ...place, target, chosen }))
      yield { stage: "write", step: inMegabytes(written), steps: inMegabytes(total) };
    const errors = yield* measureWritten(measured, place, target);
    const missed = errors.map((error) => error !== undefined && !(error <= limit));
    if (!missed.includes(true) || round === MOST_ROUNDS)
      return measured.map((network, i) => decisionOf(network, chosen, errors[i]));
    missed.forEach((isMissed, i) => {
      if (isMissed) budgets[i]! *= Math.min(0.9, (0.95 * limit) / errors[i]!);
    });
  }
}

/** The layers that all networks over their weights choose, by the place of the weight. */
function chosenPlaces(
  measured: readonly MeasuredNetwork[],
  choices: readonly ReadonlySet<MeasuredLayer>[],
): Map<string, ChosenLayer> {
  const tried = measured.flatMap(({ layers }, i) =>
    layers.flatMap((one) => (one.scales === undefined ? [] : [{ ...one, isChosen: choices[i]!.has(one) }])),
  );
  const refused = new Set(tried.filter(({ isChosen }) => !isChosen).map(({ layer }) => placeOf(layer.weight)));
  const agreed = tried.filter(({ layer }) => !refused.has(placeOf(layer.weight)));
  return new Map(agreed.map(({ layer, scales }) => [placeOf(layer.weight), { layer, scales: scales! }]));
}

/** The relative error of each network of the folder that was written, on what it was fed in the calibration; undefined for one that did not run, or that
 * the folder does not open by itself. */
async function* measureWritten(
  measured: readonly MeasuredNetwork[],
  { runtime, signal, priorModel }: Place,
  target: string,
): AsyncGenerator<StageStep, (number | undefined)[]> {
  const { load } = await openFamily(target, { signal, ...(priorModel !== undefined && { priorModel }) });
  const written: SeenNetwork["graph"][] = [];
  const folders: SeenNetwork["folder"][] = [];
  await load({
    ...runtime,
    network(graph, folder, options) {
      written.push(graph);
      folders.push(folder);
      return runtime.network(graph, folder, options);
    },
  });
  const errors: (number | undefined)[] = [];
  const steps = measured.length;
  for (const [index, { network }] of measured.entries()) {
    checkAborted(signal, "quantizeModel");
    yield { stage: "check", step: index, steps };
    await nextTask();
    const twin = written.findIndex((graph) => isTwin(graph, network.graph));
    if (twin === -1 || network.samples.length === 0) {
      errors.push(undefined);
      continue;
    }
    const references = await runAll(runtime, network, network.graph, network.folder);
    const results = await runAll(runtime, network, written[twin]!, folders[twin]);
    errors.push(rootMeanSquare(results.map((result, i) => relativeError(result, references[i]!))));
  }
  yield { stage: "check", step: steps, steps };
  return errors;
}

/** What a network gives for the samples of the calibration. */
async function runAll(
  runtime: Runtime,
  { samples }: SeenNetwork,
  graph: SeenNetwork["graph"],
  folder: SeenNetwork["folder"],
): Promise<Record<string, Tensor>[]> {
  const network = runtime.network(graph, folder);
  const results = [];
  for (const { feeds, outputs } of samples) results.push(await network.run(feeds, outputs));
  await runtime.dispose();
  return results;
}

/** Whether two graphs are of the same network: of one name, with the same inputs. */
function isTwin(a: SeenNetwork["graph"], b: SeenNetwork["graph"]): boolean {
  return a.name === b.name && JSON.stringify([a.inputs, a.outputs]) === JSON.stringify([b.inputs, b.outputs]);
}

function decisionOf(
  { network, layers }: MeasuredNetwork,
  chosen: ReadonlyMap<string, ChosenLayer>,
  error: number | undefined,
): NetworkDecision {
  return {
    component: network.graph.name.replace(/ \(.*/, ""), // without the part of it that the graph computes
    ...(error !== undefined && { error: rounded(error) }),
    layers: layers.map(({ layer, reason, error: own }) => {
      const isInt8 = chosen.has(placeOf(layer.weight));
      return {
        key: layer.key,
        type: isInt8 ? "int8" : "float",
        ...(!isInt8 && { reason: reason ?? "costs too much of the tolerance" }),
        ...(own !== undefined && { error: rounded(own) }),
      };
    }),
  };
}

/** Three digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
