import {
  concatRows,
  principalComponents,
  project,
  reconstruct,
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
import type { Operation, Workplace } from "../operation.js";
import { fillPriorFor, type FilledPrior } from "../prior-request.js";
import type { FilledRequest, GenerateRequest, PaintRequest, RunOptions } from "../request.js";
import type { StageStep } from "../timeline.js";
import { sharedNoise } from "./inversion.js";
import { checkItems, embedItems, hasCaption, type Item, type ItemSource } from "./items.js";
import { checkPictures, look, type PictureSource } from "./subject.js";

/** A request of `components`. */
export interface ComponentsRequest extends Omit<PaintRequest, "n">, Pick<GenerateRequest, "prior"> {
  /** Pictures or captions in whose image embeddings the components are found, two or more: the more and the more varied, the better.
   * In recipes the embeddings themselves, [N, D]. */
  among: readonly Item[] | string;
  /** How many of the first components each picture keeps; default 1, 2, 4, ... up to all that `among` gives. */
  counts?: readonly number[];
}

/** A filled request of `components`. */
export interface FilledComponentsRequest extends FilledRequest {
  readonly picture: PictureSource;
  readonly among: readonly ItemSource[] | string;
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
    const among = typeof given === "string" ? given : checkItems(given, 2, loaded);
    const width = loaded.stages.decoder.embeddingWidth;
    const samples = typeof among === "string" ? tensorFromText(among, [-1, width], "among").dims[0]! : among.length;
    const most = Math.min(samples - 1, width);
    const counts = checkCounts(request.counts ?? doubling(most), most);
    const filledPrior = fillPriorFor(typeof among !== "string" && hasCaption(among), prior, loaded);
    return {
      picture,
      among,
      counts,
      ...(filledPrior && { prior: filledPrior }),
      ...fillRequest({ ...rest, n: 1 }, loaded, counts.length),
    };
  },
  async *perform(workplace, filled) {
    const { stages } = workplace;
    const { picture, among, counts } = filled;
    const { imageEmbedding: seen, stored } = yield* look(workplace, [picture]);
    const width = stages.decoder.embeddingWidth;
    const sample =
      typeof among === "string"
        ? tensorFromText(among, [-1, width], "among")
        : yield* embedInParts(workplace, among, filled);
    const found = principalComponents(sample, Math.max(...counts));
    const imageEmbedding = concatRows(counts.map((count) => seenThrough(seen, found, count)));
    const shared = { ...workplace, random: sharedNoise(workplace.random) };
    const conditions = await conditionsOf(shared, filled, { imageEmbedding, pictures: counts.length });
    const images = yield* decodeAndEnlarge(shared, conditions, filled);
    return { images, imageEmbedding, recorded: { picture: stored[0], among: textFromTensor(sample) } };
  },
};

/** What is left of an embedding when only its first components are kept. */
function seenThrough(z: Tensor, found: PrincipalComponents, count: number): Tensor {
  return reconstruct(project(z, found, count), found);
}

async function* embedInParts(
  workplace: Workplace,
  items: readonly ItemSource[],
  filled: FilledComponentsRequest,
): AsyncGenerator<StageStep, Tensor> {
  const parts: Tensor[] = [];
  for (let from = 0; from < items.length; from += PART) {
    parts.push((yield* embedItems(workplace, items.slice(from, from + PART), filled)).imageEmbedding);
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
    `counts: expected whole numbers from 1 to ${most}, which so many pictures and captions give, got ${String(counts)}`,
  );
}
