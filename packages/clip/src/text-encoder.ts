import { checkRuntime, pathIn, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import { checkList, readJson, tensor, UnclipError, type TextFeatures } from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import { readClipTextConfig, type ClipTextConfig } from "./config.js";
import { clipTextNetwork } from "./networks/text.js";
import { readTokenizer, type Tokenizer } from "./tokenizer.js";

/** What the text encoder says of captions. */
export interface EncodedText extends TextFeatures {
  /** For each caption, the text that did not fit in L tokens and was cut off, if any. */
  readonly cut: readonly (string | undefined)[];
}

/** CLIP's text tower and its tokenizer. */
export interface TextEncoder {
  readonly config: ClipTextConfig;
  readonly tokenizer: Tokenizer;
  /** Features of N captions: textEmbedding [N, D], textStates [N, L, W], textMask [N, L]. */
  embed(captions: readonly string[]): Promise<EncodedText>;
}

/** Options of {@link loadTextEncoder}: where its parts lie in the model folder. */
export interface LoadTextEncoderOptions {
  /** Default "text_encoder"; "" for the folder itself. */
  readonly component?: string;
  /** Default "tokenizer"; "" for the folder itself. */
  readonly tokenizer?: string;
}

/** Loads the text encoder of a model folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold a text encoder that fits its config */
export async function loadTextEncoder(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadTextEncoderOptions = {},
): Promise<TextEncoder> {
  checkRuntime("loadTextEncoder", runtime);
  const { component = "text_encoder", tokenizer: tokenizerFolder = "tokenizer" } = options;
  const configPath = pathIn(component, "config.json");
  const config = readClipTextConfig(await readJson(folder, configPath), `${folder.name}/${configPath}`);
  const tokenizer = await readTokenizer(folder, tokenizerFolder);
  if (tokenizer.contextLength !== config.textLength) {
    const lengths = `the tokenizer gives ${tokenizer.contextLength} tokens, the text encoder takes ${config.textLength}`;
    throw new UnclipError("config", `${folder.name}: ${lengths}; are they from one model?`);
  }
  checkIds(tokenizer.encode("").ids, config, `${folder.name}/${component}`); // the special tokens
  const graph = clipTextNetwork(config, await readCheckpoint(folder, component));
  return createTextEncoder(runtime.network(graph, folder), tokenizer, config);
}

/** A text encoder over its open parts. */
export function createTextEncoder(network: Network, tokenizer: Tokenizer, config: ClipTextConfig): TextEncoder {
  return {
    config,
    tokenizer,
    async embed(captions) {
      checkList("text encoder", captions, 'captions, such as ["a red cube"]');
      const encoded = captions.map((caption) => tokenizer.encode(caption));
      const [n, length] = [captions.length, config.textLength];
      const ids = Int32Array.from(encoded.flatMap((text) => [...text.ids]));
      checkIds(ids, config, "text encoder");
      const endOfText = new Float32Array(n * length);
      for (const [row, text] of encoded.entries()) endOfText[row * length + endOf(text.ids, config)] = 1;
      const out = await network.run({
        ids: new OrtTensor("int32", ids, [n, length]),
        endOfText: tensor(endOfText, [n, 1, length]),
      });
      return {
        textEmbedding: out["textEmbedding"]!,
        textStates: out["textStates"]!,
        textMask: tensor(Float32Array.from(encoded.flatMap((text) => [...text.mask])), [n, length]),
        cut: encoded.map((text) => text.cut),
      };
    },
  };
}

/** @throws UnclipError "config" if an id has no row in the table of embeddings */
function checkIds(ids: Int32Array, { vocabularySize }: ClipTextConfig, where: string): void {
  const stray = ids.find((id) => id < 0 || id >= vocabularySize);
  if (stray === undefined) return;
  throw new UnclipError(
    "config",
    `${where}: the tokenizer gives the id ${stray}, the vocabulary of the text encoder has ${vocabularySize} entries; are they from one model?`,
  );
}

/** Where the end-of-text token stands: the first of its id, or else the first of the largest. */
function endOf(ids: Int32Array, { endOfText }: ClipTextConfig): number {
  const found = endOfText === undefined ? -1 : ids.indexOf(endOfText);
  return found >= 0 ? found : ids.indexOf(ids.reduce((largest, id) => Math.max(largest, id)));
}
