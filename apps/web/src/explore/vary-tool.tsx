import { useState } from "preact/hooks";
import { PictureView } from "../parts/picture-view.js";
import { Slider } from "../parts/slider.js";
import { NeedsPicture } from "./needs-picture.js";
import type { ToolProps } from "./tool.js";

const PICTURES = 4;

/** Variations: what CLIP saw is kept, the rest is painted anew; η says how much of the picture's own noise. */
export function VaryTool({ painter, shelf: { picture: subject }, upsamplers, seed, steps }: ToolProps) {
  const [eta, setEta] = useState(1);
  const [isNew, setIsNew] = useState(false);
  if (subject === undefined) return <NeedsPicture does="A picture painted anew: what CLIP sees in it stays" />;
  const words = isNew ? "new noise" : `η ${eta}`;
  const paint = () =>
    painter.paint({
      title: `variations of ${subject.name}, ${words}`,
      place: "vary",
      parts: [
        {
          begin: (unclip, signal) =>
            unclip.vary(subject.picture!, {
              n: PICTURES,
              seed,
              upsamplers,
              ...(!isNew && { eta, decoder: { steps } }),
              signal,
            }),
        },
      ],
    });
  return (
    <div class="tool split">
      <PictureView picture={subject.picture!} label={subject.name} />
      <div class="controls">
        <p>
          A picture has two latents: z<sub>i</sub>, what CLIP sees in it, and x<sub>T</sub>, the noise it was painted
          from, found by DDIM inversion. Variations keep z<sub>i</sub>.
        </p>
        <Slider
          label="η"
          value={eta}
          min={0}
          max={1}
          step={0.05}
          words={isNew ? "–" : eta.toFixed(2)}
          onChange={setEta}
        />
        <p class="hint">
          η is the share of fresh noise on the way back: at 0 the picture comes back as it was, at 1 everything that
          CLIP does not see may change.
        </p>
        <label class="check">
          <input type="checkbox" checked={isNew} onChange={({ currentTarget }) => setIsNew(currentTarget.checked)} />
          <span>Forget its own noise: begin from new noise</span>
        </label>
        <button type="button" class="main" disabled={painter.isBusy} onClick={() => void paint()}>
          Paint {PICTURES} variations
        </button>
      </div>
    </div>
  );
}
