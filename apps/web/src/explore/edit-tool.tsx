import { useState } from "preact/hooks";
import { PictureView } from "../parts/picture-view.js";
import { Slider } from "../parts/slider.js";
import { NeedsPicture } from "./needs-picture.js";
import type { ToolProps } from "./tool.js";

const FRAMES = 6;

/** A text diff: the picture is turned towards what one caption has and the other has not, by an angle θ. */
export function EditTool({ painter, shelf: { picture: subject }, upsamplers, seed, steps }: ToolProps) {
  const [from, setFrom] = useState("a red cube");
  const [to, setTo] = useState("a blue cube");
  const [strength, setStrength] = useState(0.5);
  const [captions, setCaptions] = useState(true);
  if (subject === undefined) return <NeedsPicture does="A picture changes as one caption differs from another" />;
  const paint = () => {
    const request = { from, to, strength, captions, frames: FRAMES, seed, upsamplers, decoder: { steps } };
    return painter.paint({
      title: `${subject.name}: ${from || "anything"} → ${to}`,
      place: "edit",
      isFilm: true,
      parts: [
        {
          begin: (unclip, signal) => unclip.edit(subject.picture!, { ...request, signal }),
          labels: Array.from({ length: FRAMES }, (_, i) => `θ ${((strength * i) / (FRAMES - 1)).toFixed(2)}`),
        },
      ],
    });
  };
  return (
    <div class="tool split">
      <PictureView picture={subject.picture!} label={subject.name} />
      <form
        class="controls"
        aria-label="Text diff"
        onSubmit={(event) => {
          event.preventDefault();
          if (!painter.isBusy) void paint();
        }}
      >
        <label class="field">
          <span>It shows</span>
          <input value={from} maxLength={400} onInput={({ currentTarget }) => setFrom(currentTarget.value)} />
        </label>
        <label class="field">
          <span>It shall become</span>
          <input required value={to} maxLength={400} onInput={({ currentTarget }) => setTo(currentTarget.value)} />
        </label>
        <Slider
          label="θ at the end"
          value={strength}
          min={0.05}
          max={1}
          step={0.05}
          words={strength.toFixed(2)}
          onChange={setStrength}
        />
        <p class="hint">
          z<sub>d</sub> is the direction from one caption’s text embedding to the other’s. The picture’s z<sub>i</sub>{" "}
          is turned towards it, z<sub>θ</sub> = slerp(z<sub>i</sub>, z<sub>d</sub>, θ), and painted from the picture’s
          own noise x<sub>T</sub>.
        </p>
        <label class="check">
          <input
            type="checkbox"
            checked={captions}
            onChange={({ currentTarget }) => setCaptions(currentTarget.checked)}
          />
          <span>The decoder reads the captions too (changes more)</span>
        </label>
        <button type="submit" class="main" disabled={painter.isBusy}>
          Paint the way
        </button>
      </form>
    </div>
  );
}
