import {
  concatRows,
  principalComponents,
  project,
  reconstruct,
  rows,
  tensorFromText,
  textFromTensor,
  UnclipError,
  type Picture,
  type PrincipalComponents,
  type Tensor,
} from "@unclip/tensor";
import { conditionsOf } from "../conditions.js";
import { decodeAndEnlarge } from "../decode-and-enlarge.js";
import { checkKeys, fillRequest, PAINT_KEYS } from "../fill-request.js";
import type { LoadedModel, Operation, Workplace } from "../operation.js";
import { fillPriorFor, type FilledPrior } from "../prior-request.js";
import type { FilledRequest, GenerateRequest, PaintRequest, RunOptions } from "../request.js";
import type { StageStep } from "../timeline.js";
import { sharedNoise } from "./inversion.js";
import { checkItems, embedItems, hasCaption, type Item, type ItemSource } from "./items.js";
import { checkPictures, look, type PictureSource } from "./subject.js";

/** A request of `components`. */
export interface ComponentsRequest extends Omit<PaintRequest, "n">, Pick<GenerateRequest, "prior"> {
  /** Pictures or captions in whose image embeddings the components are found, two or more: the more and the more varied, the better.
   * In recipes the embeddings themselves, [N, D]. Default: the components that the model's autoregressive prior learned. */
  among?: readonly Item[] | string;
  /** How many of the first components each picture keeps; default 1, 2, 4, ... up to all that there are. */
  counts?: readonly number[];
}

/** A filled request of `components`. */
export interface FilledComponentsRequest extends FilledRequest {
  readonly picture: PictureSource;
  /** Absent where the components are those of the autoregressive prior. */
  readonly among?: readonly ItemSource[] | string;
  readonly counts: readonly number[];
  /** Absent where nothing needs one and the model has none. */
  readonly prior?: FilledPrior;
}

/** Items that the prior and CLIP embed at a time. */
const PART = 32;

/** A picture as its embedding's first principal components show it, from the same noise: coarse meaning first, detail last.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 4 and figure 7 */
export const components: Operation<
  ComponentsRequest & RunOptions & { readonly picture: Picture | PictureSource },
  FilledComponentsRequest
> = {
  name: "components",
  fill(request, loaded) {
    checkKeys("components", request, ["picture", "among", "counts", "prior", ...PAINT_KEYS]);
    const { among: given, prior, ...rest } = request;
    const [picture] = checkPictures([request.picture], loaded) as [PictureSource];
    const among = given === undefined || typeof given === "string" ? given : checkItems(given, 2, loaded);
    const most = componentsOf(among, loaded);
    const counts = checkCounts(request.counts ?? doubling(most), most);
    const filledPrior = fillPriorFor(Array.isArray(among) && hasCaption(among), prior, loaded);
    return {
      picture,
      ...(among !== undefined && { among }),
      counts,
      ...(filledPrior && { prior: filledPrior }),
      ...fillRequest({ ...rest, n: 1 }, loaded, counts.length),
    };
  },
  async *perform(workplace, filled) {
    const { stages } = workplace;
    const { picture, among, counts } = filled;
    const { imageEmbedding: seen, stored } = yield* look(workplace, [picture]);
    const seenAgain = concatRows(counts.map(() => seen));
    const sample = among === undefined ? undefined : yield* embedSample(workplace, among, filled);
    const imageEmbedding =
      sample === undefined
        ? await stages.autoregressivePrior!.firstComponents(seenAgain, counts)
        : firstComponents(seenAgain, counts, principalComponents(sample, Math.max(...counts)));
    const shared = { ...workplace, random: sharedNoise(workplace.random) };
    const conditions = yield* conditionsOf(shared, filled, { imageEmbedding, pictures: counts.length });
    const images = yield* decodeAndEnlarge(shared, conditions, filled);
    return {
      images,
      imageEmbedding,
      recorded: { picture: stored[0], ...(sample && { among: textFromTensor(sample) }) },
    };
  },
};

/** How many components there are to choose from.
 * @throws UnclipError "input" if they are to be the model's own, and it has none */
function componentsOf(among: readonly ItemSource[] | string | undefined, { model, stages }: LoadedModel): number {
  if (among === undefined) {
    if (stages.autoregressivePrior !== undefined) return stages.autoregressivePrior.config.components;
    const reason = "has no autoregressive prior, whose components would be taken";
    throw new UnclipError("input", `among: ${model} ${reason}; name pictures or captions in which to find some`);
  }
  const width = stages.decoder.embeddingWidth;
  const samples = typeof among === "string" ? tensorFromText(among, [-1, width], "among").dims[0]! : among.length;
  return Math.min(samples - 1, width);
}

/** What is left of each embedding when only its first components are kept. */
function firstComponents(z: Tensor, counts: readonly number[], found: PrincipalComponents): Tensor {
  return concatRows(counts.map((count, i) => reconstruct(project(rows(z, i, i + 1), found, count), found)));
}

async function* embedSample(
  workplace: Workplace,
  among: readonly ItemSource[] | string,
  filled: FilledComponentsRequest,
): AsyncGenerator<StageStep, Tensor> {
  if (typeof among === "string") {
    return tensorFromText(among, [-1, workplace.stages.decoder.embeddingWidth], "among");
  }
  const parts: Tensor[] = [];
  for (let from = 0; from < among.length; from += PART) {
    parts.push((yield* embedItems(workplace, among.slice(from, from + PART), filled)).imageEmbedding);
  }
  return concatRows(parts);
}

/** 1, 2, 4, ... and at last `most`. */
function doubling(most: number): number[] {
  const counts = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

function checkCounts(counts: unknown, most: number): readonly number[] {
  const isCount = (count: unknown) => Number.isInteger(count) && (count as number) >= 1 && (count as number) <= most;
  if (Array.isArray(counts) && counts.length > 0 && counts.every(isCount)) return counts as number[];
  throw new UnclipError(
    "input",
    `counts: expected whole numbers from 1 to ${most}, as many components as there are, got ${String(counts)}`,
  );
}
