import { PictureView } from "../parts/picture-view.js";
import { Slider } from "../parts/slider.js";
import type { PaintMoment } from "./trace.js";

/** A scrubber over the decoder's steps. */
export function StepSlider(props: {
  readonly label: string;
  readonly moments: readonly PaintMoment[];
  readonly at: number;
  readonly onMove: (at: number) => void;
}) {
  const { label, moments, at, onMove } = props;
  const words = `step ${at + 1} of ${moments.length}, t = ${moments[at]!.t}`;
  return <Slider label={label} min={0} max={moments.length - 1} step={1} value={at} words={words} onChange={onMove} />;
}

/** x_t and the predicted x_0 of one step, and all steps below. */
export function DecoderSteps(props: {
  readonly moments: readonly PaintMoment[];
  readonly at: number;
  readonly onMove: (at: number) => void;
}) {
  const { moments, at, onMove } = props;
  const { t, alphaCumprod, xt, x0 } = moments[at]!;
  return (
    <>
      <StepSlider label="Decoder" moments={moments} at={at} onMove={onMove} />
      <div class="pair">
        <figure>
          <PictureView picture={xt} label={`x_t at t = ${t}`} />
          <figcaption>
            x<sub>t</sub>, {Math.round(100 * (1 - alphaCumprod))} % noise
          </figcaption>
        </figure>
        <figure>
          <PictureView picture={x0} label={`predicted x_0 at t = ${t}`} />
          <figcaption>
            predicted x<sub>0</sub>
          </figcaption>
        </figure>
      </div>
      <ol class="strip" aria-hidden="true">
        {moments.map((moment, i) => (
          <li key={i} class={i === at ? "now" : undefined} onClick={() => onMove(i)}>
            <PictureView picture={moment.xt} label="" />
            <PictureView picture={moment.x0} label="" />
          </li>
        ))}
      </ol>
    </>
  );
}
