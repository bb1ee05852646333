import { useMemo, useState } from "preact/hooks";
import type { Picture } from "unclip/worker";
import { EXAMPLES } from "../generate/settings.js";
import type { Painter } from "../painter/use-painter.js";
import { NumberField } from "../parts/number-field.js";
import { DecoderSteps, StepSlider } from "./decoder-steps.js";
import { EmbeddingStrip } from "./embedding-strip.js";
import { Figure } from "./figure.js";
import { GuidanceView } from "./guidance-view.js";
import { Loupe } from "./loupe.js";
import { PriorWalk } from "./prior-walk.js";
import { TokenList } from "./token-list.js";
import { valuesOf, type Trace } from "./trace.js";
import { useTrace } from "./use-trace.js";

/** The Inside page: the pipeline at work on the visitor's own caption, part by part. */
export function InsidePage({ painter }: { readonly painter: Painter }) {
  const [caption, setCaption] = useState(EXAMPLES[0]!);
  const [seed, setSeed] = useState(7);
  const { trace, says, problem, look, stop } = useTrace(painter);
  const isLooking = says !== undefined;
  return (
    <div class="inside">
      <form
        class="panel lead"
        aria-label="Look inside"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isLooking && !painter.isBusy) void look({ caption, seed });
        }}
      >
        <p class="intro">
          unCLIP paints in three moves: CLIP reads the caption, a <i>prior</i> imagines what CLIP would see in a picture
          of it, a <i>decoder</i> paints that. Toybox denoises pixels, not latents, so that every step can be looked at.
        </p>
        <label class="caption">
          <span>Caption to watch</span>
          <input
            required
            maxLength={400}
            value={caption}
            onInput={({ currentTarget }) => setCaption(currentTarget.value)}
          />
        </label>
        <div class="row">
          <NumberField label="Seed" value={seed} min={0} max={999_999} onChange={(value) => setSeed(value ?? 0)} />
          {isLooking ? (
            <button type="button" class="main" onClick={stop}>
              Stop
            </button>
          ) : (
            <button type="submit" class="main" disabled={painter.isBusy}>
              Look inside
            </button>
          )}
        </div>
        <p class="status" role="status">
          {says ?? (trace?.picture ? "All of it is there: move the sliders." : "")}
        </p>
        {problem !== undefined && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
      </form>
      <Figures trace={trace} />
    </div>
  );
}

const WAITING = "Not there yet.";

function Figures({ trace }: { readonly trace: Trace | undefined }) {
  const { tokens, textEmbedding, prior = [], decoder = [], upsamplers = [], picture } = trace ?? {};
  const [chosen, setChosen] = useState<number>();
  const at = Math.min(chosen ?? Infinity, decoder.length - 1);
  const text = useMemo(() => textEmbedding && [valuesOf(textEmbedding)], [textEmbedding]);
  const sizes = [decoder.at(-1)?.x0, ...upsamplers.map((moments) => moments.at(-1)?.x0)].filter(
    (one): one is Picture => one !== undefined,
  );
  if (picture !== undefined) sizes.splice(-1, 1, picture);
  return (
    <>
      <Figure
        number={1}
        title="Tokens"
        waiting={tokens ? undefined : WAITING}
        text="The caption is cut into pieces of words, byte pairs that were frequent in training. The text encoder sees their numbers, between a start and an end."
      >
        <TokenList tokens={tokens ?? []} />
      </Figure>
      <Figure
        number={2}
        title="Text embedding"
        waiting={text ? undefined : WAITING}
        text={
          <>
            CLIP’s text encoder makes of them one vector z<sub>t</sub>. CLIP was trained so that it points where the
            vector z<sub>i</sub> of a fitting picture does. Each stripe is one of its numbers.
          </>
        }
      >
        {text && <EmbeddingStrip rows={text} label={`The text embedding, ${text[0]!.length} numbers`} />}
      </Figure>
      <Figure
        number={3}
        title="The prior’s walk"
        waiting={prior.length > 0 ? undefined : WAITING}
        text={
          <>
            The diffusion prior begins with noise and, step by step, predicts the image embedding z<sub>i</sub> that
            belongs to the caption. It comes near the text embedding but never meets it: pictures and captions lie in
            different parts of CLIP’s space, which is why a prior helps.
          </>
        }
      >
        {prior.length > 0 && <PriorWalk moments={prior} />}
      </Figure>
      <Figure
        number={4}
        title="The decoder’s steps"
        waiting={decoder.length > 0 ? undefined : WAITING}
        text={
          <>
            From pure noise x<sub>T</sub> the decoder, given z<sub>i</sub> and the caption, guesses the clean picture x
            <sub>0</sub>, keeps a little of the guess, and guesses again with less noise.
          </>
        }
      >
        {decoder.length > 0 && <DecoderSteps moments={decoder} at={at} onMove={setChosen} />}
      </Figure>
      <Figure
        number={5}
        title="What guidance adds"
        waiting={decoder.length > 0 ? undefined : WAITING}
        text="Each step asks the network twice, with the condition and without, and goes further in the direction of the difference: classifier-free guidance. Grey means that nothing is added."
      >
        {decoder.length > 0 && (
          <>
            <StepSlider label="At the decoder’s" moments={decoder} at={at} onMove={setChosen} />
            <GuidanceView moment={decoder[at]!} />
          </>
        )}
      </Figure>
      <Figure
        number={6}
        title="The upsamplers, under a loupe"
        waiting={sizes.length > 1 ? undefined : WAITING}
        text="Further diffusion models enlarge the picture, four times each. They see the small one and invent the detail that it cannot hold. Move the loupe, by pointer or with the arrow keys."
      >
        {sizes.length > 1 && <Loupe pictures={sizes} />}
      </Figure>
    </>
  );
}
