import type { Painter } from "../painter/use-painter.js";
import type { JobActions } from "../parts/job-card.js";
import { JobList } from "../parts/job-list.js";
import { PictureInput } from "../parts/picture-input.js";
import { Shapes } from "../parts/shapes.js";
import { RequestForm } from "./request-form.js";
import type { Settings } from "./settings.js";

/** The Generate page: a caption on one side, pictures on the other. */
export function GeneratePage(
  props: {
    readonly painter: Painter;
    readonly settings: Settings;
    readonly onChange: (settings: Settings) => void;
    readonly onPaint: () => void;
    readonly onCompare: () => void;
    readonly onFile: (file: File) => void;
  } & JobActions,
) {
  const { painter, settings, onChange, onPaint, onCompare, onFile, ...actions } = props;
  const { model, isBusy } = painter;
  const jobs = painter.jobs.filter(({ place }) => place === "generate");
  return (
    <div class="generate">
      <section class="ask" aria-label="Generate">
        <RequestForm
          settings={settings}
          model={model}
          isBusy={isBusy}
          onChange={onChange}
          onPaint={onPaint}
          onCompare={onCompare}
          onStop={painter.stop}
        />
        <div class="row open">
          <PictureInput label="Open a picture" disabled={isBusy} onFile={onFile} />
          <p class="hint">
            A PNG from here is painted again by its recipe; any other picture goes to Explore. Drop or paste work too.
          </p>
        </div>
      </section>
      <section class="results" aria-labelledby="results-title">
        <h2 id="results-title" class="unseen">
          Pictures
        </h2>
        {jobs.length === 0 ? (
          <Welcome isToybox={painter.opening.files === undefined} />
        ) : (
          <JobList jobs={jobs} isBusy={isBusy} {...actions} />
        )}
      </section>
    </div>
  );
}

/** What stands where the first picture will be. */
function Welcome({ isToybox }: { readonly isToybox: boolean }) {
  return (
    <div class="welcome">
      <Shapes />
      <h3>Your pictures appear here, and form while you watch</h3>
      {isToybox && (
        <p>
          The model knows one small world: cubes, spheres, cylinders, cones and rings in eight colours, alone or in
          pairs, shaded, cut out, drawn in lines or as pixel art.
        </p>
      )}
    </div>
  );
}
