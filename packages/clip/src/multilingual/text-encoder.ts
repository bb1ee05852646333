import { checkRuntime, pathIn, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import { checkList, readJson, tensor, UnclipError } from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import type { EncodedText, LoadTextEncoderOptions } from "../text-encoder.js";
import type { Tokenizer } from "../tokenizer.js";
import { readMultilingualConfig, type MultilingualConfig } from "./config.js";
import { multilingualNetwork } from "./network.js";
import { readMultilingualTokenizer } from "./tokenizer.js";

/** The text encoder of Kandinsky 2.1's decoder: captions in a hundred languages. */
export interface MultilingualTextEncoder {
  readonly config: MultilingualConfig;
  readonly tokenizer: Tokenizer;
  /** Features of N captions: textEmbedding [N, D], textStates [N, L, W], textMask [N, L]. */
  embed(captions: readonly string[]): Promise<EncodedText>;
}

/** Loads the multilingual text encoder of a model folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold one that fits its config */
export async function loadMultilingualTextEncoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadTextEncoderOptions = {},
): Promise<MultilingualTextEncoder> {
  checkRuntime("loadMultilingualTextEncoder", runtime);
  const { component = "text_encoder", tokenizer: tokenizerFolder = "tokenizer" } = options;
  const path = pathIn(component, "config.json");
  const config = readMultilingualConfig(await readJson(folder, path), `${folder.name}/${path}`);
  const tokenizer = await readMultilingualTokenizer(folder, tokenizerFolder);
  if (tokenizer.contextLength + config.padding >= config.positions) {
    const got = `${config.positions} positions, ${config.padding} of them before the first`;
    throw new UnclipError("config", `${folder.name}/${path}: ${got}; captions have ${tokenizer.contextLength} tokens`);
  }
  const graph = multilingualNetwork(config, tokenizer.contextLength, await readCheckpoint(folder, component));
  return createMultilingualTextEncoder(runtime.network(graph, folder), tokenizer, config);
}

/** A multilingual text encoder over its open parts. */
export function createMultilingualTextEncoder(
  network: Network,
  tokenizer: Tokenizer,
  config: MultilingualConfig,
): MultilingualTextEncoder {
  return {
    config,
    tokenizer,
    async embed(captions) {
      checkList("text encoder", captions, 'captions, such as ["a red cube"]');
      const encoded = captions.map((caption) => tokenizer.encode(caption));
      const dims = [captions.length, tokenizer.contextLength];
      const ids = encoded.flatMap((text) => [...text.ids]);
      const positions = encoded.flatMap((text) => positionsOf(text.ids, config.padding));
      const textMask = tensor(Float32Array.from(encoded.flatMap((text) => [...text.mask])), dims);
      const out = await network.run({
        ids: new OrtTensor("int32", Int32Array.from(ids), dims),
        positions: new OrtTensor("int32", Int32Array.from(positions), dims),
        textMask,
      });
      return {
        textEmbedding: out["textEmbedding"]!,
        textStates: out["textStates"]!,
        textMask,
        cut: encoded.map((text) => text.cut),
      };
    },
  };
}

/** Places counted from the padding id on; padding itself stands there. */
function positionsOf(ids: Int32Array, padding: number): number[] {
  let place = padding;
  return [...ids].map((id) => (id === padding ? padding : ++place));
}
