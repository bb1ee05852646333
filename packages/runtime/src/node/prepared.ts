import { assetsDirectory } from "@unclip/hub/node";
import { env, type InferenceSession } from "onnxruntime-common";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rename, rm, stat, statfs, utimes, writeFile } from "node:fs/promises";
import { arch, cpus } from "node:os";
import { dirname, join } from "node:path";
import { importOnnxRuntime } from "./onnx-runtime.js";

/* What ONNX Runtime makes of a network when it opens it, kept on the disk: the optimised graph, the weights that it turned over, and those that it
 * packed. It maps them the next time. ONNX Runtime 1.30 packs all weights again even then, to see that they are the same, and gives that back. */

/** A network that is to be opened. */
export interface Preparation {
  readonly name: string;
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** Absolute paths of the files of weights. */
  readonly weights: readonly string[];
  readonly options: InferenceSession.SessionOptions;
}

/** Where prepared networks are kept: beside the int8 models of the cache. */
function preparedDirectory(): string {
  return join(assetsDirectory(), "unclip", "prepared");
}

const GRAPH = "network.onnx";
const WEIGHTS = "weights.bin";
/** Is written last, and says what the other files must be. */
const RECORD = "prepared.json";

/** Of each network so many are kept: it has another graph for another size of picture. */
const MOST_GRAPHS = 4;
/** Smaller constants stay in the file of the graph. */
const LEAST_BYTES = "1024";
/** A folder that is being written, and is older, was left behind by a process that ended. */
const STALE_MS = 3_600_000;

/** What a prepared network was made of, and how large its files are. */
interface Prepared {
  readonly network: string;
  /** Path, size and time of change. */
  readonly sources: readonly (readonly [string, number, number])[];
  readonly sizes: readonly [number, number];
}

/** Opens a network as it was prepared before; the first time it is prepared and kept, which takes as long again. Where that cannot be written,
 * the network opens all the same.
 * @param directory where prepared networks are kept */
export async function openPrepared(
  preparation: Preparation,
  directory = preparedDirectory(),
): Promise<InferenceSession> {
  const { InferenceSession } = await importOnnxRuntime();
  const sources = await Promise.all(preparation.weights.map(sourceOf));
  const place = join(directory, placeName(preparation.name, sources), keyOf(preparation, sources));
  const open = () => openKept(place, preparation, InferenceSession.create);
  return (
    (await open()) ??
    ((await prepare(place, preparation, sources, InferenceSession.create)) ? await open() : undefined) ??
    (await InferenceSession.create(preparation.bytes, preparation.options))
  );
}

type Create = (typeof import("onnxruntime-node"))["InferenceSession"]["create"];

async function sourceOf(path: string): Promise<Prepared["sources"][number]> {
  const real = await realpath(path);
  const { size, mtimeMs } = await stat(real);
  return [real, size, mtimeMs];
}

/** The folder of one network of one model. */
function placeName(name: string, sources: Prepared["sources"]): string {
  return `${name.replace(/[^a-zA-Z0-9._-]+/g, "-")}-${hashOf(
    name,
    sources.map(([path]) => path),
  ).slice(0, 8)}`;
}

/** Everything that what is kept depends on. */
function keyOf({ bytes, options }: Preparation, sources: Prepared["sources"]): string {
  const { graphOptimizationLevel: level, extra } = options;
  return hashOf(bytes, sources, level, extra, env.versions, arch(), cpus()[0]?.model).slice(0, 16);
}

function hashOf(...parts: readonly unknown[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part instanceof Uint8Array ? part : (JSON.stringify(part) ?? ""));
  return hash.digest("hex");
}

/** The network as it was kept; undefined if it was not, or what is there does not open. */
async function openKept(
  place: string,
  { options }: Preparation,
  create: Create,
): Promise<InferenceSession | undefined> {
  try {
    const { sizes } = await readRecord(place);
    if (String(await sizesIn(place)) !== String(sizes)) return undefined;
    const session = await create(join(place, GRAPH), {
      ...options,
      graphOptimizationLevel: "disabled",
      extra: withSettings(options, {}),
    });
    const now = new Date();
    await utimes(join(place, RECORD), now, now).catch(() => undefined); // the disk may not be ours to write
    return session;
  } catch {
    return undefined;
  }
}

/** Prepares a network and keeps it.
 * @returns whether that could be done */
async function prepare(
  place: string,
  { name, bytes, options }: Preparation,
  sources: Prepared["sources"],
  create: Create,
): Promise<boolean> {
  const partial = `${place}.${randomUUID()}.partial`;
  try {
    await mkdir(partial, { recursive: true });
    await removeStale(dirname(place), sources);
    await checkRoom(partial, sources);
    const session = await create(bytes, {
      ...options,
      optimizedModelFilePath: join(partial, GRAPH),
      extra: withSettings(options, {
        model_external_initializers_file_folder_path: folderOf(options),
        optimized_model_external_initializers_file_name: WEIGHTS,
        optimized_model_external_initializers_min_size_in_bytes: LEAST_BYTES,
        save_external_prepacked_constant_initializers: "1",
      }),
    });
    await session.release();
    const record: Prepared = { network: name, sources, sizes: await sizesIn(partial) };
    await writeFile(join(partial, RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
    await rm(place, { recursive: true, force: true }); // what did not open
    await rename(partial, place);
    return true;
  } catch {
    return false; // the network is opened without; what is wrong with it is told then
  } finally {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Settings of a session without the folder of its weights, and further ones. */
function withSettings({ extra }: InferenceSession.SessionOptions, more: Readonly<Record<string, unknown>>) {
  const { model_external_initializers_file_folder_path: _folder, ...session } = sessionOf(extra);
  return { ...extra, session: { ...session, ...more } };
}

function folderOf({ extra }: InferenceSession.SessionOptions): unknown {
  return sessionOf(extra)["model_external_initializers_file_folder_path"];
}

function sessionOf(extra: InferenceSession.SessionOptions["extra"]): Record<string, unknown> {
  return (extra?.["session"] ?? {}) as Record<string, unknown>;
}

async function readRecord(place: string): Promise<Prepared> {
  return JSON.parse(await readFile(join(place, RECORD), "utf8")) as Prepared;
}

async function sizesIn(place: string): Promise<[number, number]> {
  const [graph, weights] = await Promise.all([GRAPH, WEIGHTS].map((name) => stat(join(place, name))));
  return [graph!.size, weights!.size];
}

/** Throws unless the disk has room for the weights twice, as they are and packed, and as much again. */
async function checkRoom(place: string, sources: Prepared["sources"]): Promise<void> {
  const { bavail, bsize } = await statfs(place);
  const needed = 4 * sources.reduce((sum, [, size]) => sum + size, 0);
  if (bavail * bsize < needed) throw new Error(`${place}: the disk has no room`);
}

/** Removes what was made of files that have changed, what was left half-written, and of the rest those that were not used for longest. */
async function removeStale(directory: string, sources: Prepared["sources"]): Promise<void> {
  const kept: { path: string; usedMs: number }[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (name.endsWith(".partial")) {
      if (Date.now() - (await stat(path)).mtimeMs > STALE_MS) await remove(path);
      continue;
    }
    const record = await readRecord(path).catch(() => undefined);
    if (record === undefined || JSON.stringify(record.sources) !== JSON.stringify(sources)) await remove(path);
    else kept.push({ path, usedMs: (await stat(join(path, RECORD))).mtimeMs });
  }
  kept.sort((a, b) => b.usedMs - a.usedMs);
  for (const { path } of kept.slice(MOST_GRAPHS - 1)) await remove(path);
}

/** Removes a folder; on Windows it stays while a process has it open. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
