import {
  checkDims,
  concatRows,
  concatText,
  createRun,
  rows,
  UnclipError,
  valuesOf,
  type Random,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import type { Prior } from "./prior.js";

/** Options of {@link rerank}. */
export interface RerankOptions {
  /** Embeddings drawn for each caption; default 2, as in the paper. */
  readonly candidates?: number;
}

/** A prior that draws several embeddings for each caption from `prior` and keeps the one nearest to the caption.
 *
 * The first N rows of a step's tensors are the first candidates of all captions, then come the second ones. Each caption's candidates come
 * from its own stream of random numbers, so that a caption gets the same embedding in any batch.
 * @throws UnclipError "input" unless `candidates` is a whole number from 1 on
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2, there with two candidates */
export function rerank(prior: Prior, { candidates = 2 }: RerankOptions = {}): Prior {
  if (!(Number.isInteger(candidates) && candidates >= 1)) {
    throw new UnclipError("input", `rerank.candidates: expected a whole number from 1 on, got ${candidates}`);
  }
  if (candidates === 1) return prior;
  const times = (text: TextFeatures) => concatText(...Array<TextFeatures>(candidates).fill(text));
  return {
    name: prior.name,
    embed: (text, options) =>
      createRun(async function* () {
        const n = text.textEmbedding.dims[0]!;
        const { negative } = options;
        const isForEach = negative !== undefined && negative.textEmbedding.dims[0] === n;
        const run = prior.embed(times(text), {
          ...options,
          negative: isForEach ? times(negative) : negative,
          random: severalTimes(options.random, candidates),
        });
        if (Symbol.asyncIterator in run) yield* run;
        const drawn = await run;
        if (drawn === undefined) return undefined;
        const chosen = nearestCandidates(drawn, text.textEmbedding);
        return concatRows(chosen.map((candidate, i) => rows(drawn, candidate * n + i, candidate * n + i + 1)));
      }),
  };
}

/** For each caption the candidate whose dot product with the text embedding is largest, both at unit length as CLIP compares them; the first
 * of equals.
 * @param candidates C N image embeddings, [C N, D]: the first candidates of all N captions, then the second ones
 * @param textEmbedding [N, D]
 * @returns for each caption a number in [0, C)
 * @throws UnclipError "shape" if the rows are no multiple of N, or the widths differ */
export function nearestCandidates(candidates: Tensor, textEmbedding: Tensor): number[] {
  const [n, width] = textEmbedding.dims as [number, number];
  const count = Math.max(1, Math.round(candidates.dims[0]! / n));
  checkDims("rerank.candidates", candidates, [count * n, width], "as many candidates for each caption");
  const [images, texts] = [valuesOf(candidates), valuesOf(textEmbedding)];
  const rowOf = (values: Float32Array, row: number) => values.subarray(row * width, (row + 1) * width);
  return Array.from({ length: n }, (_, i) => {
    const likeness = Array.from({ length: count }, (_, c) =>
      dotAtUnitLength(rowOf(images, c * n + i), rowOf(texts, i)),
    );
    return likeness.indexOf(Math.max(...likeness));
  });
}

/** z_i · z_t over the length of z_i; that of z_t is the same for all candidates. */
function dotAtUnitLength(image: Float32Array, text: Float32Array): number {
  let [dot, squares] = [0, 0];
  for (const [i, value] of image.entries()) {
    dot += value * text[i]!;
    squares += value * value;
  }
  return squares === 0 ? 0 : dot / Math.sqrt(squares);
}

/** Draws [C N, ...] as C draws of [N, ...], one after another. */
function severalTimes(random: Random, count: number): Random {
  const draw = (kind: "normal" | "uniform") => (dims: readonly number[]) => {
    const each = [dims[0]! / count, ...dims.slice(1)];
    return concatRows(Array.from({ length: count }, () => random[kind](each)));
  };
  return { normal: draw("normal"), uniform: draw("uniform") };
}
