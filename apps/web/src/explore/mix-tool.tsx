import { useEffect, useState } from "preact/hooks";
import { PictureView } from "../parts/picture-view.js";
import { NumberField } from "../parts/number-field.js";
import { MixPad } from "./mix-pad.js";
import { weightsAt, type Point } from "./mix-weights.js";
import { NeedsPicture } from "./needs-picture.js";
import { sourceOf, type ToolProps } from "./tool.js";
import { useLiveMix } from "./use-live-mix.js";

const MIDDLE: Readonly<Record<number, Point>> = {
  2: { x: 0.5, y: 0.5 },
  3: { x: 0.5, y: 2 / 3 },
  4: { x: 0.5, y: 0.5 },
};

/** Mixing and interpolating: pictures and captions by weights, live; and the way from one to the next. */
export function MixTool({ painter, shelf: { chosen }, upsamplers, seed, steps }: ToolProps) {
  const count = chosen.length;
  const [at, setAt] = useState<Point>(MIDDLE[2]!);
  const [frames, setFrames] = useState(7);
  useEffect(() => setAt(MIDDLE[count] ?? MIDDLE[2]!), [count]);
  const weights = count < 2 ? [] : weightsAt(count, at);
  const live = useLiveMix(painter, chosen, weights, seed);
  if (count < 2) {
    return (
      <NeedsPicture
        does="Pictures and captions mixed by weights, live"
        needs="Choose two to four of your material: pictures, captions, or both."
      />
    );
  }

  const title = chosen.map(({ name }) => name).join(" + ");
  const paint = () =>
    painter.paint({
      title,
      place: "mix",
      parts: [{ begin: (unclip, signal) => unclip.mix(chosen.map(sourceOf), { weights, seed, upsamplers, signal }) }],
    });
  const film = () =>
    painter.paint({
      title: chosen.map(({ name }) => name).join(" → "),
      place: "mix",
      isFilm: true,
      parts: [
        {
          begin: (unclip, signal) =>
            unclip.interpolate(chosen.map(sourceOf), { frames, seed, upsamplers, decoder: { steps }, signal }),
          labels: Array.from({ length: frames }, (_, i) => `${Math.round((100 * i) / (frames - 1))} %`),
        },
      ],
    });
  return (
    <div class="tool split">
      <MixPad items={chosen} at={at} onMove={setAt} />
      <div class="controls">
        <div class={`live${live.isWorking ? " working" : ""}`}>
          {live.picture === undefined ? (
            <div class="empty" aria-hidden="true" />
          ) : (
            <PictureView picture={live.picture} label={`live mixture of ${title}`} />
          )}
        </div>
        {live.problem !== undefined && (
          <p class="problem" role="alert">
            {live.problem}
          </p>
        )}
        <p class="hint">
          Move the handle, by pointer or with the arrow keys. The decoder paints the weighted mean of the image
          embeddings, always from the same noise.
        </p>
        <button type="button" class="main" disabled={painter.isBusy} onClick={() => void paint()}>
          Paint this mixture
        </button>
        <div class="row">
          <NumberField label="Frames" value={frames} min={3} max={15} onChange={(value) => setFrames(value ?? 7)} />
          <button type="button" disabled={painter.isBusy || !(frames >= 3 && frames <= 15)} onClick={() => void film()}>
            Paint the way between
          </button>
        </div>
        <p class="hint">
          The way goes along the arc between the embeddings; between pictures also from one’s own noise to the other’s.
        </p>
      </div>
    </div>
  );
}
