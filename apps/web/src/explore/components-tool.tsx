import type { Recipe } from "unclip/worker";
import { PictureView } from "../parts/picture-view.js";
import { NeedsPicture } from "./needs-picture.js";
import { sourceOf, type ToolProps } from "./tool.js";

/** Fewer pictures have no components worth looking at. */
const LEAST_AMONG = 4;

/** Principal components: the picture as the first 1, 2, 4, ... of them show it. */
export function ComponentsTool({ painter, shelf, upsamplers, seed }: ToolProps) {
  const { picture: subject, items } = shelf;
  if (subject === undefined)
    return <NeedsPicture does="A picture from its principal components, the coarse meaning first" />;
  const hasOwn = painter.model?.stages.autoregressivePrior ?? true;
  const canPaint = hasOwn || items.length >= LEAST_AMONG;
  const paint = () => {
    const among = hasOwn ? {} : { among: items.map(sourceOf) };
    return painter.paint({
      title: `principal components of ${subject.name}`,
      place: "components",
      isFilm: true,
      parts: [
        {
          begin: (unclip, signal) => unclip.components(subject.picture!, { ...among, seed, upsamplers, signal }),
          labels: countWords,
        },
      ],
    });
  };
  return (
    <div class="tool split">
      <PictureView picture={subject.picture!} label={subject.name} />
      <div class="controls">
        <p>
          The image embedding z<sub>i</sub> is rebuilt from its first principal components alone and painted, always
          from the same noise: first comes the coarse meaning, last the detail.
        </p>
        <p class="hint">
          {hasOwn
            ? "The components are those that the model’s autoregressive prior learned."
            : `The components are found among your material, ${items.length} so far; ${LEAST_AMONG} or more are needed, the more varied the better.`}
        </p>
        <button type="button" class="main" disabled={painter.isBusy || !canPaint} onClick={() => void paint()}>
          Paint them
        </button>
      </div>
    </div>
  );
}

/** How many components each picture of a recipe keeps. */
function countWords(recipe: Recipe): string[] {
  const { counts } = recipe as Recipe & { readonly counts: readonly number[] };
  return counts.map((count) => (count === 1 ? "1 component" : `${count} components`));
}
