import { createRuntime, openModelFolder, type ModelFolder } from "@unclip/runtime";
import { readJson, UnclipError, type Picture } from "@unclip/tensor";
import { loadOracle, type Oracle } from "./oracle.js";
import { readGaussian } from "./read-gaussian.js";
import type { Gaussian } from "./frechet-distance.js";
import type { Claim } from "./scene.js";

/** A caption of the benchmark. */
export interface ToyboxCase {
  readonly caption: string;
  /** What it says. */
  readonly claim: Claim;
  /** The combination that was kept out of training, for example "purple cone"; undefined if the scene shows none. */
  readonly heldOut?: string;
  /** What the world itself makes of it, 64 x 64. */
  readonly picture: Picture;
  /** Where its things are, 64 x 64: red is 255 where the first is seen, green where the second is. */
  readonly places: Picture;
}

/** All that it takes to judge a model of the toybox world. */
export interface ToyboxBenchmark {
  /** 600 captions that no model was trained on. Every sixth tells of a held-out combination, so that the first N are a benchmark too. */
  readonly cases: readonly ToyboxCase[];
  readonly oracle: Oracle;
  /** The oracle's features of 5,000 other real pictures. */
  readonly statistics: Gaussian;
  /** Gives the memory of the oracle back. */
  dispose(): Promise<void>;
}

/** Options of {@link loadToyboxBenchmark}. */
export interface LoadToyboxBenchmarkOptions {
  /** Where the oracle runs; default the platform's. */
  readonly device?: "cpu" | "wasm";
}

/** Opens the benchmark that comes with this package.
 * @param decodePng reads the bytes of a PNG file, 8-bit RGB */
export async function loadToyboxBenchmark(
  decodePng: (bytes: Uint8Array) => Promise<Picture>,
  { device }: LoadToyboxBenchmarkOptions = {},
): Promise<ToyboxBenchmark> {
  const open = (path: string) => openModelFolder(new URL(`../${path}/`, import.meta.url));
  const [oracleFolder, folder] = [await open("oracle"), await open("toybox")];
  const atlas = async (path: string) => decodePng(await folder.bytes(path, 0, await folder.sizeBytes(path)));
  const runtime = await createRuntime({ device });
  return {
    cases: await readCases(folder, await atlas("pictures.png"), await atlas("things.png")),
    oracle: await loadOracle(oracleFolder, runtime),
    statistics: await readGaussian(oracleFolder, "statistics.safetensors"),
    dispose: () => runtime.dispose(),
  };
}

interface CaptionsFile {
  readonly sample_size: number;
  /** Pictures in a row of the atlas. */
  readonly columns: number;
  readonly cases: readonly (Claim & { readonly caption: string; readonly heldOut?: string })[];
}

async function readCases(folder: ModelFolder, pictures: Picture, things: Picture): Promise<ToyboxCase[]> {
  const { sample_size: size, columns, cases } = (await readJson(folder, "captions.json")) as unknown as CaptionsFile;
  const [width, height] = [columns * size, Math.ceil(cases.length / columns) * size];
  for (const [path, atlas] of Object.entries({ "pictures.png": pictures, "things.png": things })) {
    if (atlas.width === width && atlas.height === height) continue;
    const got = `${atlas.width} x ${atlas.height}`;
    throw new UnclipError("config", `${folder.name}/${path}: expected ${width} x ${height} pixels, got ${got}`);
  }
  return cases.map(({ caption, heldOut, ...claim }, i) => {
    const square = { left: (i % columns) * size, top: Math.floor(i / columns) * size, size };
    return {
      caption,
      claim,
      ...(heldOut !== undefined && { heldOut }),
      picture: cutOut(pictures, square),
      places: cutOut(things, square),
    };
  });
}

/** A square of a picture. */
function cutOut({ width, data }: Picture, { left, top, size }: Record<"left" | "top" | "size", number>): Picture {
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const start = ((top + y) * width + left) * 3;
    out.set(data.subarray(start, start + size * 3), y * size * 3);
  }
  return { width: size, height: size, data: out };
}
