import { readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import {
  readJson,
  concatRows,
  pixelsFromPicture,
  resizePicture,
  valuesOf,
  type Picture,
  type Tensor,
} from "@unclip/tensor";
import { readOracleConfig, type OracleConfig } from "./config.js";
import { oracleNetwork } from "./network.js";
import type { Scene } from "./scene.js";

/** What the oracle sees in N pictures. */
export interface OracleReading {
  /** What each shows. */
  readonly scenes: readonly Scene[];
  /** [N, D], for the Fréchet distance. */
  readonly features: Tensor;
}

/** Tells what pictures of the toybox world show. */
export interface Oracle {
  readonly config: OracleConfig;
  /** Reads pictures of any size. */
  read(pictures: readonly Picture[]): Promise<OracleReading>;
}

/** Loads the oracle in a folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold an oracle */
export async function loadOracle(folder: ModelFolder, runtime: Runtime): Promise<Oracle> {
  const config = readOracleConfig(await readJson(folder, "config.json"), `${folder.name}/config.json`);
  return createOracle(runtime.network(oracleNetwork(config, await readCheckpoint(folder, "")), folder), config);
}

/** An oracle over its open network. */
export function createOracle(network: Network, config: OracleConfig): Oracle {
  const { sampleSize: size } = config;
  return {
    config,
    async read(pictures) {
      const pixels = concatRows(pictures.map((picture) => pixelsFromPicture(resizePicture(picture, size, size))));
      const { features, logits } = await network.run({ pixels });
      return { scenes: readScenes(logits!, config), features: features! };
    },
  };
}

/** Where the oracle says that there is no second thing, or no relation. */
const NOTHING = ["absent", "none"];

/** The likeliest scene of each picture. Whether there is a second thing is for its shape to say.
 * @param logits [N, K] of the heads, one after the other */
export function readScenes(logits: Tensor, { heads }: Pick<OracleConfig, "heads">): Scene[] {
  const [n, width] = logits.dims as [number, number];
  return Array.from({ length: n }, (_, row) => {
    const values = valuesOf(logits).subarray(row * width, (row + 1) * width);
    const ranked = new Map<string, string[]>(); // each head's values, the likeliest first
    let at = 0;
    for (const head of heads) {
      const scores = values.subarray(at, (at += head.values.length));
      const order = [...head.values.keys()].sort((a, b) => scores[b]! - scores[a]!);
      ranked.set(
        head.name,
        order.map((i) => head.values[i]!),
      );
    }
    return sceneOf(ranked);
  });
}

function sceneOf(ranked: ReadonlyMap<string, readonly string[]>): Scene {
  const best = (name: string) => ranked.get(name)![0]!;
  const something = (name: string) => ranked.get(name)!.find((value) => !NOTHING.includes(value))!;
  const thing = (which: string) => ({
    shape: something(`${which}_shape`),
    colour: something(`${which}_colour`),
    size: something(`${which}_size`),
    material: something(`${which}_material`),
  });
  const place = { ground: best("ground"), style: best("style") };
  if (NOTHING.includes(best("second_shape"))) return { things: [thing("first")], ...place };
  return { things: [thing("first"), thing("second")], relation: something("relation"), ...place };
}
