import { checkRuntime, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import { guide } from "@unclip/sampler";
import {
  checkAborted,
  checkDims,
  concatText,
  createRun,
  nextTask,
  readJson,
  rows,
  tensor,
  UnclipError,
  valuesOf,
  withoutPadding,
  type Run,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import { Tensor as OrtTensor } from "onnxruntime-common";
import { checkPriorArguments, negativeRows, type Prior, type PriorOptions, type PriorStep } from "../prior.js";
import { readAutoregressivePriorConfig, type AutoregressivePriorConfig } from "./config.js";
import { drawBucket, type DrawOptions } from "./draw-bucket.js";
import { createKnownPlaces } from "./known-places.js";
import {
  autoregressivePrefixNetwork,
  autoregressivePriorNetwork,
  componentsNetwork,
  dequantisationNetwork,
} from "./network.js";

/** An autoregressive prior and its sizes. */
export interface AutoregressivePrior extends Prior {
  readonly config: AutoregressivePriorConfig;
  /** One step for each component. */
  embed(text: TextFeatures, options: PriorOptions): Run<Tensor, PriorStep>;
  /** Image embeddings as their first principal components show them.
   * @param imageEmbedding [N, D]
   * @param counts for each of them, how many components are kept, from 0 (the mean of all pictures) to K
   * @returns [N, D]
   * @throws UnclipError "shape" if the embeddings are of another width, "input" for counts that cannot be
   * @see Ramesh et al. 2022 (arXiv:2204.06125) section 4 */
  firstComponents(imageEmbedding: Tensor, counts: readonly number[]): Promise<Tensor>;
}

/** The graphs of an autoregressive prior. */
export interface AutoregressivePriorNetworks {
  /** `autoregressivePrefixNetwork`. */
  readonly prefix: Network;
  /** `autoregressivePriorNetwork`. */
  readonly transformer: Network;
  /** `dequantisationNetwork`. */
  readonly dequantisation: Network;
  /** `componentsNetwork`. */
  readonly components: Network;
}

/** Sharper than what was learned: embeddings drawn at 1 are as varied as those of pictures, and further from the caption (training/README.md). */
const DEFAULT_TEMPERATURE = 0.1;

/** Whether a model folder has an autoregressive prior, which is no part of any published checkpoint.
 * @param component its sub-folder */
export function hasAutoregressivePrior(folder: ModelFolder, component = "prior_autoregressive"): Promise<boolean> {
  return folder.has(`${component}/config.json`);
}

/** Loads the autoregressive prior of a model folder. Weights are opened when it first runs.
 * @param component its sub-folder
 * @throws UnclipError "config" or "weights" if the folder does not hold one that fits its config */
export async function loadAutoregressivePrior(
  folder: ModelFolder,
  runtime: Runtime,
  component = "prior_autoregressive",
): Promise<AutoregressivePrior> {
  checkRuntime("loadAutoregressivePrior", runtime);
  const config = readAutoregressivePriorConfig(
    await readJson(folder, `${component}/config.json`),
    `${folder.name}/${component}/config.json`,
  );
  const checkpoint = await readCheckpoint(folder, component);
  const keepOutputs = Array.from({ length: config.layers }, (_, i) => `present.${i}`);
  return createAutoregressivePrior(
    {
      prefix: runtime.network(autoregressivePrefixNetwork(config, checkpoint), folder),
      transformer: runtime.network(autoregressivePriorNetwork(config, checkpoint), folder, { keepOutputs }),
      dequantisation: runtime.network(dequantisationNetwork(config, checkpoint), folder),
      components: runtime.network(componentsNetwork(config, checkpoint), folder),
    },
    config,
  );
}

/** The paper's autoregressive prior: draws the principal components of the image embedding one by one, in order of decreasing variance, each
 * from the distribution over its buckets that the caption, a likeness z_i · z_t drawn from the upper half of what training saw, and the
 * components before it give.
 *
 * Guidance acts on the logits. `random` is asked for K + 1 uniform numbers for each caption: the likeness, then one for each component.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2 */
export function createAutoregressivePrior(
  { prefix, transformer, dequantisation, components }: AutoregressivePriorNetworks,
  config: AutoregressivePriorConfig,
): AutoregressivePrior {
  return {
    name: "autoregressive",
    config,
    embed: (text, options) =>
      createRun(async function* () {
        checkPriorArguments(text, options);
        const { random, guidanceScale = 1, signal } = options;
        const n = text.textEmbedding.dims[0]!;
        checkText(text, n, config);
        const drawOptions = readDrawOptions(options);
        const isGuided = guidanceScale !== 1;
        const condition = isGuided ? concatText(negativeRows(options, n), text) : text;
        const sequence = await startSequence({ prefix, transformer }, config, condition);
        const uniform = () => Array.from(valuesOf(random.uniform([n, 1])));

        let tokens = uniform().map((u) => upperHalf(u, config));
        const buckets: number[][] = [];
        try {
          for (let k = 0; k < config.components; k++) {
            const where = `prior: component ${k + 1} of ${config.components}`;
            checkAborted(signal, where);
            await nextTask();
            const next = await sequence.append(isGuided ? [...tokens, ...tokens] : tokens);
            const logits = isGuided ? guided(next, guidanceScale) : next;
            checkFinite(where, logits);
            const drawn = uniform().map((u, row) => drawBucket(valuesOf(rows(logits, row, row + 1)), u, drawOptions));
            buckets.push(drawn);
            tokens = drawn.map((bucket) => dotProductBuckets(config) + bucket);
            yield { step: k + 1, steps: config.components };
          }
        } finally {
          sequence.dispose();
        }
        const { imageEmbedding } = await dequantisation.run({ tokens: integers(buckets) });
        return imageEmbedding!;
      }),
    async firstComponents(imageEmbedding, counts) {
      checkDims("firstComponents", imageEmbedding, [counts.length, config.embeddingWidth], "one for each count");
      const most = config.components;
      const wrong = counts.find((count) => !(Number.isInteger(count) && count >= 0 && count <= most));
      if (wrong !== undefined) {
        throw new UnclipError(
          "input",
          `firstComponents: counts: expected whole numbers from 0 to ${most}, got ${wrong}`,
        );
      }
      const kept = counts.flatMap((count) => Array.from({ length: most }, (_, k) => (k < count ? 1 : 0)));
      const feeds = { imageEmbedding, kept: tensor(Float32Array.from(kept), [counts.length, most]) };
      return (await components.run(feeds))["firstComponents"]!;
    },
  };
}

/** Sequences on their way through the transformer, with the keys and values of all their places so far. */
interface Sequence {
  /** Takes the token drawn last for each row, and gives the logits of the next one, [N, B]. */
  append(tokens: readonly number[]): Promise<Tensor>;
  dispose(): void;
}

async function startSequence(
  { prefix: prefixNetwork, transformer }: Pick<AutoregressivePriorNetworks, "prefix" | "transformer">,
  config: AutoregressivePriorConfig,
  condition: TextFeatures,
): Promise<Sequence> {
  const { textEmbedding, textStates, textMask } = withoutPadding(condition);
  const [n, length] = textMask.dims as [number, number];
  const { prefix } = (await prefixNetwork.run({ textEmbedding, textStates })) as { prefix: Tensor };
  const noPrefix = tensor(new Float32Array(), [n, 0, prefix.dims[2]!]);
  const places = createKnownPlaces(config, n, length + 1 + config.components);
  let count = 0;
  return {
    async append(tokens) {
      const isFirst = count === 0;
      const outputs = await transformer.run(
        {
          prefix: isFirst ? prefix : noPrefix,
          tokens: integers([tokens]),
          next: new OrtTensor("int64", BigInt64Array.of(BigInt(count++)), [1]),
          ...places.feeds(isFirst ? captionMask(textMask) : new Int32Array(n).fill(1)),
        },
        ["logits", ...places.outputs],
      );
      places.add(outputs);
      return outputs["logits"]!;
    },
    dispose: () => places.dispose(),
  };
}

/** 1 for the caption tokens that count, and for the text embedding and the first token after them: [N, L + 2]. */
function captionMask(textMask: Tensor): Int32Array {
  const [n, length] = textMask.dims as [number, number];
  const size = length + 2;
  const mask = new Int32Array(n * size).fill(1);
  for (let row = 0; row < n; row++) {
    mask.set(valuesOf(textMask).subarray(row * length, (row + 1) * length), row * size);
  }
  return mask;
}

/** A bucket of the upper half of the dot products: training filled all buckets alike.
 * @param u uniform in [0, 1) */
function upperHalf(u: number, config: AutoregressivePriorConfig): number {
  const half = dotProductBuckets(config) / 2;
  return half + Math.floor(u * half);
}

function dotProductBuckets({ dotProductBounds }: AutoregressivePriorConfig): number {
  return dotProductBounds.length + 1;
}

/** Columns of tokens, one number for each row, as [N, columns]. */
function integers(columns: readonly (readonly number[])[]): OrtTensor {
  const dims = [columns[0]!.length, columns.length];
  const values = columns[0]!.flatMap((_, row) => columns.map((column) => BigInt(column[row]!)));
  return new OrtTensor("int64", BigInt64Array.from(values), dims);
}

/** Guidance between the first and the second half of the rows. */
function guided(logits: Tensor, guidanceScale: number): Tensor {
  const n = logits.dims[0]! / 2;
  return guide(rows(logits, 0, n), rows(logits, n, 2 * n), guidanceScale);
}

function readDrawOptions({ temperature = DEFAULT_TEMPERATURE, topP = 1 }: PriorOptions): DrawOptions {
  if (!(temperature >= 0 && temperature < Infinity)) {
    throw new UnclipError("input", `prior.temperature: expected a number from 0 on, got ${temperature}`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new UnclipError("input", `prior.topP: expected a number above 0 and up to 1, got ${topP}`);
  }
  return { temperature, topP };
}

function checkFinite(where: string, logits: Tensor): void {
  const bad = valuesOf(logits).find((value) => !Number.isFinite(value));
  if (bad === undefined) return;
  throw new UnclipError(
    "session",
    `${where}: a logit is ${bad}; the weights may be damaged: download the model again, or try another guidanceScale`,
  );
}

function checkText(
  { textEmbedding, textStates, textMask }: TextFeatures,
  n: number,
  { embeddingWidth, textWidth, textLength }: AutoregressivePriorConfig,
): void {
  const hint = "are the text encoder and the prior from one model?";
  checkDims("prior.textEmbedding", textEmbedding, [n, embeddingWidth], hint);
  checkDims("prior.textStates", textStates, [n, textLength, textWidth], hint);
  checkDims("prior.textMask", textMask, [n, textLength], hint);
}
