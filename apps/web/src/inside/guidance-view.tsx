import { PictureView } from "../parts/picture-view.js";
import type { PaintMoment } from "./trace.js";

/** What guidance makes of the two predictions of a step. */
export function GuidanceView({ moment }: { readonly moment: PaintMoment }) {
  const { guidance, x0, t } = moment;
  if (guidance === undefined) return <p class="blank">Guidance is off here: the network is asked once a step.</p>;
  const shown = [
    { words: "without a condition", picture: guidance.uncond },
    { words: "with the condition", picture: guidance.cond },
    { words: "guided", picture: x0 },
    { words: "what it adds, twice as strong", picture: guidance.added },
  ];
  return (
    <div class="pair of-4">
      {shown.map(({ words, picture }) => (
        <figure key={words}>
          <PictureView picture={picture} label={`x_0 ${words}, at t = ${t}`} />
          <figcaption>{words}</figcaption>
        </figure>
      ))}
    </div>
  );
}
