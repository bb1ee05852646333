import { useEffect, useRef, useState } from "preact/hooks";
import type { Picture, Recipe } from "unclip/worker";
import { createLatest } from "../painter/latest.js";
import type { Painter } from "../painter/use-painter.js";
import type { ShelfItem } from "../shelf/use-shelf.js";
import { sourceOf } from "./tool.js";

/** Decoder steps of a live picture: fewer than a finished one takes. */
const LIVE_STEPS = 6;

/** A small picture of the items by their weights, painted anew whenever these change. What CLIP and the prior made of the items is kept. */
export function useLiveMix(painter: Painter, items: readonly ShelfItem[], weights: readonly number[], seed: number) {
  const [picture, setPicture] = useState<Picture>();
  const [problem, setProblem] = useState<string>();
  const [isWorking, setIsWorking] = useState(false);
  const latest = useRef(createLatest());
  const known = useRef<{ readonly of: string; readonly recipe: Recipe } | undefined>(undefined);
  const of = `${seed}:${items.map(({ id }) => id).join()}`;
  useEffect(() => {
    if (painter.isBusy || painter.model === undefined || items.length < 2) return;
    setIsWorking(true);
    const paint = async (signal: AbortSignal) => {
      const unclip = painter.unclip();
      const generation = await (known.current?.of === of
        ? unclip.again(known.current.recipe, { weights, signal } as object)
        : unclip.mix(items.map(sourceOf), { weights, seed, upsamplers: 0, decoder: { steps: LIVE_STEPS }, signal }));
      known.current = { of, recipe: generation.recipe };
      setPicture(generation.images[0]);
      setProblem(undefined);
    };
    latest
      .current(paint)
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setIsWorking(false));
  }, [of, weights.join(), painter.isBusy, painter.model]);
  return { picture, problem, isWorking };
}
