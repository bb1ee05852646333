import { createConfigReader, readJson, UnclipError, type TextFolder } from "@unclip/tensor";

/** The file of a quantised model that says what was done to it. */
export const QUANTIZATION_FILE = "quantization.json";

/** What became of one layer. */
export interface LayerDecision {
  /** Its weight's name, for example "mid_block.resnets.0.conv1.weight". */
  readonly key: string;
  readonly type: "int8" | "float";
  /** Why it stayed as it was. */
  readonly reason?: string;
  /** Relative error of the network's output where this layer alone is int8; absent where that was not tried. */
  readonly error?: number;
}

/** What became of one network. */
export interface NetworkDecision {
  /** The component that holds its weights, for example "decoder". */
  readonly component: string;
  /** Relative error of its output with all int8 layers, measured on the folder that was written; absent where it has none. */
  readonly error?: number;
  readonly layers: readonly LayerDecision[];
}

/** The relative error that was allowed for each network's output; "none" where all layers became int8 that could. */
export type Tolerance = number | "none";

/** What was done to a model. */
export interface Quantization {
  /** The model that it was. */
  readonly source: string;
  /** Of this file. */
  readonly version: 1;
  readonly calibration: { readonly captions: readonly string[]; readonly steps: number; readonly seed: number };
  readonly tolerance: Tolerance;
  readonly networks: readonly NetworkDecision[];
}

/** What quantization.json says; undefined for a folder without.
 * @throws UnclipError "config" if it says something else */
export async function readQuantization(folder: TextFolder): Promise<Quantization | undefined> {
  if (!(await folder.has(QUANTIZATION_FILE))) return undefined;
  const json = await readJson(folder, QUANTIZATION_FILE);
  const where = `${folder.name}/${QUANTIZATION_FILE}`;
  if (json["tolerance"] !== "none") createConfigReader(json, where).number("tolerance");
  const { networks } = json as unknown as Quantization;
  const isLayer = (layer: LayerDecision | null) =>
    typeof layer?.key === "string" && (layer.type === "int8" || layer.type === "float") && isError(layer.error);
  const isNetwork = (network: NetworkDecision | null) =>
    typeof network?.component === "string" && isError(network.error) && isListOf(network.layers, isLayer);
  if (!isListOf(networks, isNetwork)) {
    throw new UnclipError(
      "config",
      `${where}: expected networks with a component and layers; quantise the model again`,
    );
  }
  return json as unknown as Quantization;
}

function isListOf<Item>(value: unknown, isItem: (item: Item) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isItem(item as Item));
}

function isError(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && value >= 0);
}
