import { useEffect, useState } from "preact/hooks";
import { Slider } from "../parts/slider.js";
import { Brush } from "./brush.js";
import { emptyMask, pictureOf, shareOf, type Mask } from "./mask.js";
import { NeedsPicture } from "./needs-picture.js";
import type { ToolProps } from "./tool.js";

/** Inpainting: the marked area is painted anew as a caption says, the rest stays. */
export function InpaintTool({ painter, shelf: { picture: subject }, upsamplers, seed }: ToolProps) {
  const [mask, setMask] = useState<Mask>(emptyMask);
  const [caption, setCaption] = useState("a yellow ring on top of a blue sphere");
  const [radius, setRadius] = useState(8);
  const [isEraser, setIsEraser] = useState(false);
  useEffect(() => setMask(emptyMask()), [subject?.id]);
  if (subject === undefined) return <NeedsPicture does="A part of a picture painted anew, as a caption says" />;
  const share = shareOf(mask);
  const paint = () => {
    const request = { image: subject.picture!, mask: pictureOf(mask), seed, upsamplers };
    return painter.paint({
      title: `${caption}, painted into ${subject.name}`,
      place: "inpaint",
      parts: [{ begin: (unclip, signal) => unclip.generate(caption, { ...request, signal }) }],
    });
  };
  return (
    <div class="tool split">
      <Brush
        picture={subject.picture!}
        name={subject.name}
        mask={mask}
        radius={radius}
        isEraser={isEraser}
        onPaint={setMask}
      />
      <form
        class="controls"
        aria-label="Inpainting"
        onSubmit={(event) => {
          event.preventDefault();
          if (!painter.isBusy && share > 0) void paint();
        }}
      >
        <p>Mark what shall be painted anew. The caption says what the whole picture shows then.</p>
        <Slider label="Brush" value={radius} min={2} max={20} step={1} onChange={setRadius} />
        <div class="row">
          <label class="check">
            <input
              type="checkbox"
              checked={isEraser}
              onChange={({ currentTarget }) => setIsEraser(currentTarget.checked)}
            />
            <span>Wipe out</span>
          </label>
          <button type="button" onClick={() => setMask(mask.map((value) => 1 - value))}>
            Invert
          </button>
          <button type="button" disabled={share === 0} onClick={() => setMask(emptyMask())}>
            Clear
          </button>
        </div>
        <p class="hint" role="status">
          {share === 0 ? "Nothing is marked yet." : `${Math.max(1, Math.round(100 * share))} % is painted anew.`}
        </p>
        <label class="field">
          <span>Caption of the whole picture</span>
          <input
            required
            maxLength={400}
            value={caption}
            onInput={({ currentTarget }) => setCaption(currentTarget.value)}
          />
        </label>
        <button type="submit" class="main" disabled={painter.isBusy || share === 0}>
          Paint the marked area
        </button>
      </form>
    </div>
  );
}
